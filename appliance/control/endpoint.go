package control

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"time"

	"cleat/appliance/api"
)

// done is the answer where there is nothing to tell.
type done struct{}

// command is what POST /v1/ipvs does.
func command(source Source) func(context.Context, api.Command) (done, error) {
	return func(ctx context.Context, c api.Command) (done, error) { return done{}, source.Command(ctx, c) }
}

// mark is what POST /v1/marks does.
func mark(source Source) func(context.Context, api.MarkCommand) (done, error) {
	return func(ctx context.Context, c api.MarkCommand) (done, error) { return done{}, source.Mark(ctx, c) }
}

// setSysctl is what PUT /v1/sysctl/NAME does.
func setSysctl(source Source) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		name := path.Base(r.URL.Path)
		set := func(ctx context.Context, v api.SysctlValue) (done, error) {
			return done{}, source.SetSysctl(ctx, name, v.Value)
		}
		return posted(answerTime, set)(w, r, query)
	}
}

// atMost answers with an array, of as many rows at most as the query's limit says.
func atMost[T any](ask func(context.Context, uint64) ([]T, error)) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		if wrong := api.UnknownKeys(query, []string{"limit"}); len(wrong) > 0 {
			return &problem{status: http.StatusBadRequest, title: "bad query", detail: wrong}
		}
		filter, err := api.ParseFilter(query)
		if err != nil {
			return err
		}
		limit := cmp.Or(filter.Limit, math.MaxUint64)
		return list(func(ctx context.Context) ([]T, error) { return ask(ctx, limit) })(w, r, nil)
	}
}

// flagged answers with one object, by whether the query says that flag is true.
func flagged[T any](within time.Duration, flag string, ask func(context.Context, bool) (T, error)) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		on := query.Get(flag) == "true"
		if wrong := api.UnknownKeys(query, []string{flag}); len(wrong) > 0 {
			return &problem{status: http.StatusBadRequest, title: "bad query", detail: wrong}
		}
		if values := query[flag]; len(values) > 1 || len(values) == 1 && !on && values[0] != "false" {
			return &problem{status: http.StatusBadRequest, title: "bad query", detail: []string{fmt.Sprintf("%s: %q is not true or false", flag, values)}}
		}
		return single(within, func(ctx context.Context) (T, error) { return ask(ctx, on) })(w, r, nil)
	}
}
