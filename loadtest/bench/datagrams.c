/* Asks a server of the Handle protocol over UDP, many datagrams in one system call, and compares each
 * answer octet by octet.
 *
 * datagrams PORT SECONDS WINDOW RATE START FILE
 *
 * Closed load (RATE 0): at most WINDOW questions in flight, another for each answer. Open load: so many
 * a second, whatever comes back; an answer's delay counts from when its question was due. SECONDS 0:
 * each draw is asked once. Begins with draw START. Every question gets a number of its own as its
 * request id, which the answer repeats. What has not come when nothing came for a second is lost; time
 * ends with the last answer. A server that says that it is busy has not answered.
 *
 * Prints JSON: what loadtest.bench.datagrams.Tally holds; on standard error the first wrong answer.
 */
#define _GNU_SOURCE
#include "questions.h"
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>

#define AT_ONCE 64
#define ROOM 2048
#define SLOTS 65536 /* in flight at most; a power of two */
#define PATIENCE 1.0

enum { ID = 8, CODE = 24, BODY = 44, SUCCESS = 1, BUSY = 3 }; /* RFC 3652 section 2.2 */

struct slot { uint32_t id, exchange; double due; };

static struct slot slots[SLOTS];
static char out_data[AT_ONCE][ROOM], in_data[AT_ONCE][ROOM];
static struct mmsghdr out[AT_ONCE], in[AT_ONCE];
static struct iovec out_vectors[AT_ONCE], in_vectors[AT_ONCE];
static double *delays;
static size_t delay_count, delay_room;
static unsigned long asked, answered, busy, lost, wrong, timed_asked, in_flight;

static uint32_t number_at(const char *octets)
{
    uint32_t number;
    memcpy(&number, octets, sizeof number);
    return ntohl(number);
}

static void send_some(int fd, unsigned count, size_t start, double due, double apart)
{
    for (unsigned at = 0; at < count; at++, asked++, in_flight++) {
        uint32_t id = asked + 1, sent = htonl(id), number = draws[(start + asked) % draw_count];
        struct slot *slot = &slots[id % SLOTS];
        const struct exchange *one = &exchanges[number];
        if (slot->id) { /* asked so long ago that its place is needed */
            lost++;
            in_flight--;
        }
        *slot = (struct slot){id, number, due + at * apart};
        timed_asked += one->timed;
        memcpy(out_data[at], one->question, one->asked);
        memcpy(out_data[at] + ID, &sent, sizeof sent);
        out_vectors[at].iov_len = one->asked;
    }
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(fd, out + done, count - done, 0);
        if (sent < 0) {
            perror("sendmmsg");
            exit(3);
        }
        done += sent;
    }
}

static int right(const struct exchange *one, const char *answer, uint32_t length)
{
    if (one->answered)
        return length == one->answered && same(one, answer, 0, ID) &&
               same(one, answer + ID + 4, ID + 4, length - ID - 4);
    if (length <= BODY + 4 || number_at(answer + CODE) != SUCCESS)
        return 0;
    uint32_t name = 4 + number_at(one->question + BODY);
    return length > BODY + name && !memcmp(answer + BODY, one->question + BODY, name);
}

static void tell(const struct exchange *one, const char *answer, uint32_t length)
{
    fprintf(stderr, "a wrong answer, of %u octets, to ", length);
    for (uint32_t at = 0; at < one->asked; at++)
        fprintf(stderr, "%02x", (unsigned char)one->question[at]);
    fprintf(stderr, ": ");
    for (uint32_t at = 0; at < length; at++)
        fprintf(stderr, "%02x", (unsigned char)answer[at]);
    fprintf(stderr, "\n");
}

static void take(int fd, double at)
{
    int got = recvmmsg(fd, in, AT_ONCE, MSG_DONTWAIT, NULL);
    if (got < 0) {
        if (errno == EAGAIN)
            return;
        perror("recvmmsg");
        exit(3);
    }
    for (int which = 0; which < got; which++) {
        uint32_t length = in[which].msg_len;
        uint32_t id = length >= ID + 4 ? number_at(in_data[which] + ID) : 0;
        struct slot *slot = &slots[id % SLOTS];
        if (!id || slot->id != id) {
            wrong += !id || id > asked; /* else an answer that was given up */
            continue;
        }
        const struct exchange *one = &exchanges[slot->exchange];
        int fine = right(one, in_data[which], length);
        in_flight--;
        slot->id = 0;
        if (!fine && length >= BODY && number_at(in_data[which] + CODE) == BUSY) {
            busy++;
            continue;
        }
        answered++;
        if (!fine && !wrong++)
            tell(one, in_data[which], length);
        if (one->timed) {
            if (delay_count == delay_room)
                delays = realloc(delays, (delay_room = delay_room ? 2 * delay_room : 65536) * sizeof *delays);
            delays[delay_count++] = at - slot->due;
        }
    }
}

static int by_size(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static double percentile(double share)
{
    size_t at = delay_count * share;
    return delay_count ? delays[at < delay_count ? at : delay_count - 1] : 0;
}

int main(int count, char **words)
{
    if (count != 7)
        return 2;
    double seconds = atof(words[2]), rate = atof(words[4]);
    unsigned long window = atol(words[3]), start = atol(words[5]), most = ~0ul;
    load(words[6]);
    if (window > SLOTS / 2 || longest > ROOM)
        return 2;
    if (!seconds)
        most = draw_count, seconds = 1e9;
    for (int at = 0; at < AT_ONCE; at++) {
        out_vectors[at].iov_base = out_data[at];
        out[at].msg_hdr = (struct msghdr){.msg_iov = &out_vectors[at], .msg_iovlen = 1};
        in_vectors[at] = (struct iovec){in_data[at], ROOM};
        in[at].msg_hdr = (struct msghdr){.msg_iov = &in_vectors[at], .msg_iovlen = 1};
    }
    struct sockaddr_in peer = local(words[1]);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer))
        return 3;
    prctl(PR_SET_TIMERSLACK, 1);
    struct pollfd readable = {fd, POLLIN, 0};
    double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    double heard = began, last = began;
    for (;;) {
        double at = now(CLOCK_MONOTONIC), wait = PATIENCE;
        int asking = at - began < seconds && asked < most;
        if (asking) {
            double due = rate ? (at - began) * rate : 0;
            unsigned long some = rate ? (due > asked ? (unsigned long)(due - asked) : 0)
                                      : (in_flight < window ? window - in_flight : 0);
            some = some < most - asked ? some : most - asked;
            some = some < AT_ONCE ? some : AT_ONCE;
            if (some)
                send_some(fd, some, start, rate ? began + asked / rate : at, rate ? 1 / rate : 0);
            if (rate) {
                double next = began + (asked + 1) / rate - now(CLOCK_MONOTONIC);
                wait = next > 0 ? next : 0;
            } else if (in_flight < window && asked < most)
                wait = 0;
        } else if (!in_flight)
            break;
        struct timespec patience = {(time_t)wait, (wait - (time_t)wait) * 1e9};
        int ready = ppoll(&readable, 1, &patience, NULL);
        double after = now(CLOCK_MONOTONIC);
        if (ready) {
            heard = last = after;
            take(fd, after);
        } else if (in_flight && after - heard > PATIENCE && (!asking || !rate)) {
            lost += in_flight;
            in_flight = 0;
            memset(slots, 0, sizeof slots);
            heard = after;
        } else if (!in_flight)
            heard = after;
    }
    used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
    qsort(delays, delay_count, sizeof *delays, by_size);
    printf("{\"asked\": %lu, \"answered\": %lu, \"busy\": %lu, \"lost\": %lu, \"wrong\": %lu, \"seconds\": %f, \"cpu\": %f, "
           "\"p50\": %.9f, \"p99\": %.9f, \"timed\": %zu, \"timed_asked\": %lu}\n",
           asked, answered, busy, lost, wrong, last - began, used, percentile(0.5), percentile(0.99), delay_count,
           timed_asked);
    return 0;
}
