/* Asks a server over several kept connections, PER_BATCH questions at a time on each, and compares the
 * answers octet by octet as they come.
 *
 * streams PORT SECONDS CONNECTIONS PER_BATCH START FILE
 *
 * Begins with draw START; the connections draw on in turn. What has not come when nothing came for a
 * second is lost. Prints JSON: what loadtest.bench.datagrams.Tally holds.
 */
#include "questions.h"
#include <netinet/tcp.h>
#include <sys/epoll.h>

#define PIECE (1 << 18)

struct link {
    int fd, fault; /* whether this answer has been found wrong */
    uint32_t left, at; /* answers to come; octets of the first of them that have come */
    size_t turn; /* its draw */
};

static size_t per_batch, next_draw;
static unsigned long asked, answered, wrong;

static int ask(struct link *link)
{
    static char *batch;
    size_t length = 0;
    if (!batch)
        batch = malloc(per_batch * longest);
    link->turn = next_draw;
    link->left = per_batch;
    for (size_t at = 0; at < per_batch; at++) {
        const struct exchange *one = &exchanges[draws[next_draw++ % draw_count]];
        memcpy(batch + length, one->question, one->asked);
        length += one->asked;
    }
    asked += per_batch;
    for (size_t sent = 0; sent < length;) {
        ssize_t some = send(link->fd, batch + sent, length - sent, MSG_NOSIGNAL);
        if (some <= 0)
            return 0;
        sent += some;
    }
    return 1;
}

/* Compares what has come; the answers follow each other without a gap. */
static void take(struct link *link, const char *data, size_t count)
{
    while (count && link->left) {
        const struct exchange *one = &exchanges[draws[link->turn % draw_count]];
        uint32_t rest = one->answered - link->at, some = count < rest ? count : rest;
        link->fault |= !same(one, data, link->at, some);
        data += some;
        count -= some;
        link->at += some;
        if (link->at < one->answered)
            return;
        if (count && link->left == 1) /* more than what was asked for */
            link->fault = 1;
        wrong += link->fault;
        answered++;
        link->left--;
        link->turn++;
        link->at = link->fault = 0;
    }
}

int main(int count, char **words)
{
    static char data[PIECE];
    struct epoll_event events[256];
    int epoll = epoll_create1(0), one = 1;

    if (count != 7)
        return 2;
    size_t connections = atol(words[3]);
    per_batch = atol(words[4]);
    next_draw = atol(words[5]);
    load(words[6]);
    struct sockaddr_in peer = local(words[1]);
    struct link *links = calloc(connections, sizeof *links);
    double start = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID), seconds = atof(words[2]);
    for (size_t at = 0; at < connections; at++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &links[at]};
        links[at].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(links[at].fd, (struct sockaddr *)&peer, sizeof peer))
            return 3;
        setsockopt(links[at].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, links[at].fd, &event);
        if (!ask(&links[at]))
            return 3;
    }
    unsigned long lost = 0;
    while (!lost && now(CLOCK_MONOTONIC) - start < seconds) {
        int ready = epoll_wait(epoll, events, 256, 1000);
        for (int at = 0; at < ready; at++) {
            struct link *link = events[at].data.ptr;
            ssize_t got = recv(link->fd, data, sizeof data, 0);
            if (got <= 0)
                return 3; /* the server closed a connection */
            take(link, data, got);
            if (!link->left && !ask(link))
                return 3;
        }
        if (!ready)
            lost = asked - answered;
    }
    double took = now(CLOCK_MONOTONIC) - start;
    used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
    printf("{\"asked\": %lu, \"answered\": %lu, \"lost\": %lu, \"wrong\": %lu, \"seconds\": %f, \"cpu\": %f}\n",
           asked, answered, lost, wrong, took, used);
    return 0;
}
