/* Asks an HTTP server as fast as it answers, over several kept connections, one request in flight on
 * each, and checks of every answer that it begins as it should and is as long as it should be.
 *
 * ask PORT SECONDS CONNECTIONS < questions
 *
 * Questions are records: length of the request, length of the answer (32 bits each, of this machine),
 * the request. Prints how many answers came, how many of them were wrong, seconds, processor seconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char FINE[] = "HTTP/1.1 200 OK\r\n";

struct question { uint32_t length, answer; char *octets; };
struct link { int fd; size_t turn, got; };

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

static int ask(struct link *link, const struct question *question)
{
    link->got = 0;
    return send(link->fd, question->octets, question->length, MSG_NOSIGNAL) == question->length;
}

int main(int count, char **words)
{
    static char data[1 << 20];
    struct question *asked = NULL;
    size_t questions = 0, room = 0;
    unsigned long answered = 0, wrong = 0;
    struct epoll_event events[256];
    int epoll = epoll_create1(0);

    if (count != 4)
        return 2;
    for (uint32_t lengths[2]; fread(lengths, sizeof lengths, 1, stdin) == 1; questions++) {
        if (questions == room)
            asked = realloc(asked, (room = room ? 2 * room : 1024) * sizeof *asked);
        asked[questions] = (struct question){lengths[0], lengths[1], malloc(lengths[0])};
        if (fread(asked[questions].octets, lengths[0], 1, stdin) != 1)
            return 2;
    }
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connections = atoi(words[3]), one = 1;
    struct link *links = calloc(connections, sizeof *links);
    for (int at = 0; at < connections; at++) {
        struct link *link = &links[at];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
        link->turn = questions * at / connections;
        link->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(link->fd, (struct sockaddr *)&peer, sizeof peer))
            return 3;
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, link->fd, &event);
        if (!ask(link, &asked[link->turn]))
            return 3;
    }
    double start = now(CLOCK_MONOTONIC), seconds = atof(words[2]);
    while (now(CLOCK_MONOTONIC) - start < seconds) {
        int ready = epoll_wait(epoll, events, 256, 1000);
        for (int at = 0; at < ready; at++) {
            struct link *link = events[at].data.ptr;
            ssize_t got = recv(link->fd, data, sizeof data, 0);
            if (got <= 0)
                return 3; /* the server closed a connection */
            if (!link->got && (got < (ssize_t)sizeof FINE || memcmp(data, FINE, sizeof FINE - 1)))
                wrong++;
            link->got += got;
            if (link->got < asked[link->turn].answer)
                continue;
            wrong += link->got > asked[link->turn].answer;
            answered++;
            link->turn = (link->turn + 1) % questions;
            if (!ask(link, &asked[link->turn]))
                return 3;
        }
    }
    double took = now(CLOCK_MONOTONIC) - start;
    printf("%lu %lu %f %f\n", answered, wrong, took, now(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
