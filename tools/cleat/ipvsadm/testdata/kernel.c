/* A kernel with IPVS, as far as ipvsadm asks over the old socket options (spec/ipvsadm.md I7): preloaded, it lets the real tool run
 * anywhere. Every change is accepted and written to the file that CLEAT_IPVS_LOG names, one line each,
 * as in spec/ipvsadm-golden-errors.txt.
 * The services are those of the file that CLEAT_IPVS_TABLE names, one a line, each followed by its servers:
 *   s protocol address port mark scheduler flags timeout netmask COUNTERS
 *   d address port method weight upper lower active inactive persistent COUNTERS
 * where COUNTERS are connections, packets in and out, bytes in and out, and the five rates.
 * The text of /proc/net/ip_vs_conn is the file that CLEAT_IPVS_CONN names. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BASE = 64 + 1024 + 64, INFO = 1, SERVICES = 2, SERVICE = 3, SERVERS = 4, TIMEOUT = 6, DAEMON = 7, MOST = 64 };

struct service { unsigned short protocol; unsigned address; unsigned short port; unsigned mark; char scheduler[16]; unsigned flags, timeout, netmask; };
struct server { unsigned address; unsigned short port; unsigned method; int weight; unsigned upper, lower; };
struct daemon { int state; char interface[16]; int syncid; };
struct counters { unsigned connections, in_packets, out_packets; unsigned long long in_bytes, out_bytes; unsigned rates[5]; };
struct listed_service { struct service service; unsigned servers; struct counters counters; };
struct listed_server { struct server server; unsigned active, inactive, persistent; struct counters counters; };
struct services { unsigned n; struct listed_service of[]; };
struct servers { unsigned short protocol; unsigned address; unsigned short port; unsigned mark, n; struct listed_server of[]; };

static struct listed_service services[MOST];
static struct listed_server servers[MOST][MOST];
static unsigned n_services;

static unsigned address(FILE *f) {
	char text[64];
	return fscanf(f, "%63s", text) == 1 ? inet_addr(text) : 0;
}

static void counters(FILE *f, struct counters *c) {
	if (fscanf(f, "%u %u %u %llu %llu", &c->connections, &c->in_packets, &c->out_packets, &c->in_bytes, &c->out_bytes) != 5) abort();
	for (int i = 0; i < 5; i++)
		if (fscanf(f, "%u", &c->rates[i]) != 1) abort();
}

__attribute__((constructor)) static void load(void) {
	FILE *f = fopen(getenv("CLEAT_IPVS_TABLE") ?: "/dev/null", "r");
	char kind;
	while (f && fscanf(f, " %c", &kind) == 1) {
		if (kind == 's') {
			struct listed_service *s = &services[n_services++];
			if (fscanf(f, "%hu", &s->service.protocol) != 1) abort();
			s->service.address = address(f);
			if (fscanf(f, "%hu %u %15s %u %u", &s->service.port, &s->service.mark, s->service.scheduler, &s->service.flags, &s->service.timeout) != 5) abort();
			s->service.port = htons(s->service.port);
			s->service.netmask = address(f);
			counters(f, &s->counters);
		} else {
			struct listed_service *s = &services[n_services - 1];
			struct listed_server *d = &servers[n_services - 1][s->servers++];
			d->server.address = address(f);
			if (fscanf(f, "%hu %u %d %u %u %u %u %u", &d->server.port, &d->server.method, &d->server.weight, &d->server.upper, &d->server.lower,
			           &d->active, &d->inactive, &d->persistent) != 8) abort();
			d->server.port = htons(d->server.port);
			counters(f, &d->counters);
		}
	}
	if (f) fclose(f);
}

static int find(unsigned short protocol, unsigned address, unsigned short port, unsigned mark) {
	for (unsigned i = 0; i < n_services; i++) {
		struct service *s = &services[i].service;
		if (s->mark == mark && (mark || (s->protocol == protocol && s->address == address && s->port == port))) return i;
	}
	errno = ESRCH;
	return -1;
}

int socket(int family, int type, int protocol) {
	int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
	if (family == AF_NETLINK && protocol == 16) { errno = EPROTONOSUPPORT; return -1; } /* no generic netlink: use the socket options */
	if (type == SOCK_RAW) return real(AF_INET, SOCK_DGRAM, 0);
	return real(family, type, protocol);
}

static void told(FILE *log, int command, const void *value, unsigned size) {
	char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN];
	const struct service *s = value;
	fprintf(log, "[set cmd=%d len=%u", command, size);
	if (size >= sizeof *s)
		fprintf(log, " proto=%u addr=%s port=%u fwm=%u sched=%s flags=%x timeout=%u mask=%s", s->protocol, inet_ntop(AF_INET, &s->address, a, sizeof a),
		        ntohs(s->port), s->mark, s->scheduler, s->flags, s->timeout, inet_ntop(AF_INET, &s->netmask, b, sizeof b));
	if (size > sizeof *s) {
		const struct server *d = (const void *)(s + 1);
		fprintf(log, " dest=%s:%u cf=%u w=%d u=%u l=%u", inet_ntop(AF_INET, &d->address, a, sizeof a), ntohs(d->port), d->method, d->weight, d->upper, d->lower);
	}
	fprintf(log, "]\n");
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
	int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	if (level != 0 || name < BASE || name > BASE + 15) return real(fd, level, name, value, size);
	FILE *log = fopen(getenv("CLEAT_IPVS_LOG") ?: "/dev/null", "a");
	if (log) {
		told(log, name - BASE, value, size);
		fclose(log);
	}
	return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
	int (*real)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");
	unsigned *out = value;
	int i;
	switch (level == 0 ? name - BASE : -1) {
	case INFO:
		out[0] = 0x010201;
		out[1] = 4096;
		out[2] = n_services;
		return 0;
	case SERVICES:
		((struct services *)value)->n = n_services;
		memcpy(((struct services *)value)->of, services, n_services * sizeof services[0]);
		return 0;
	case SERVICE: {
		struct service *s = value;
		if ((i = find(s->protocol, s->address, s->port, s->mark)) < 0) return -1;
		memcpy(value, &services[i], sizeof services[i]);
		return 0;
	}
	case SERVERS: {
		struct servers *s = value;
		if ((i = find(s->protocol, s->address, s->port, s->mark)) < 0) return -1;
		s->n = services[i].servers;
		memcpy(s->of, servers[i], s->n * sizeof s->of[0]);
		return 0;
	}
	case TIMEOUT:
		out[0] = 900;
		out[1] = 120;
		out[2] = 300;
		return 0;
	case DAEMON:
		memset(value, 0, 2 * sizeof(struct daemon));
		return 0;
	}
	return real(fd, level, name, value, size);
}

FILE *fopen(const char *path, const char *mode) {
	FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
	const char *conn = getenv("CLEAT_IPVS_CONN");
	return real(conn && !strcmp(path, "/proc/net/ip_vs_conn") ? conn : path, mode);
}
