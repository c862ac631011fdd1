package lcore

// classify finds the virtual service of packets without a connection (services.md S2, S3).
func (w *Worker) classify() {
	in := &w.in
	if !in.open || in.short|in.plain == in.all() {
		return
	}
	for i := range in.N {
		if in.verdict[i] == pending && in.conn[i] == 0 && !in.isShort(i) {
			w.classifyPacket(i)
		}
	}
}

func (w *Worker) classifyPacket(i int) {
	in := &w.in
	k := &in.key[i]
	in.mark[i] = w.tables.Services.Mark(k)
	in.virtual[i] = w.tables.Services.Lookup(in.mark[i], k.Proto, k.Dst, k.DstPort)
}
