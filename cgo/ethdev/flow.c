#include <rte_errno.h>
#include <rte_flow.h>

#include "flow.h"

int cleat_flow_rss(uint16_t port, int v6, uint64_t types, const uint8_t *key, uint32_t key_len, const uint16_t *queues, uint32_t n_queues,
		   const char **why)
{
	const struct rte_flow_attr attr = { .ingress = 1 };
	const struct rte_flow_item pattern[] = {
		{ .type = RTE_FLOW_ITEM_TYPE_ETH },
		{ .type = v6 ? RTE_FLOW_ITEM_TYPE_IPV6 : RTE_FLOW_ITEM_TYPE_IPV4 },
		{ .type = RTE_FLOW_ITEM_TYPE_END },
	};
	const struct rte_flow_action_rss rss = {
		.func = RTE_ETH_HASH_FUNCTION_TOEPLITZ,
		.types = types,
		.key_len = key_len,
		.key = key_len ? key : NULL,
		.queue_num = n_queues,
		.queue = n_queues ? queues : NULL,
	};
	const struct rte_flow_action actions[] = {
		{ .type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rss },
		{ .type = RTE_FLOW_ACTION_TYPE_END },
	};
	struct rte_flow_error error = { .message = NULL };
	int rc = rte_flow_validate(port, &attr, pattern, actions, &error);

	if (rc == 0 && rte_flow_create(port, &attr, pattern, actions, &error) == NULL)
		rc = rte_errno ? -rte_errno : -EINVAL;
	*why = error.message;
	return rc;
}

int cleat_flow_flush(uint16_t port, const char **why)
{
	struct rte_flow_error error = { .message = NULL };
	int rc = rte_flow_flush(port, &error);

	*why = error.message;
	return rc;
}
