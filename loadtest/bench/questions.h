/* What the drivers share: questions, what a right answer to each is, and the order of asking.
 *
 * The file is numbers of 32 bits of this machine and octets. Two numbers: how many exchanges, how
 * many draws. For each exchange five numbers: the length of the question; the length of the answer,
 * 0 when any success to just this question is right; from which octet of the answer on, and up to
 * which, time changes it; whether its delay counts; then the octets of both. Then the draws: numbers
 * of exchanges in the order of asking, over and over.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct exchange {
    uint32_t asked, answered, from, to, timed;
    const char *question, *answer;
};

static struct exchange *exchanges;
static const uint32_t *draws;
static uint32_t draw_count;
static uint32_t longest; /* question, in octets */

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

/* Reads the file; ends the program when it is none. */
static void load(const char *name)
{
    struct stat file;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &file))
        exit(2);
    const char *at = mmap(NULL, file.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        exit(2);
    uint32_t counts[2];
    memcpy(counts, at, sizeof counts);
    at += sizeof counts;
    exchanges = malloc((counts[0] + 1) * sizeof *exchanges);
    for (uint32_t number = 0; number < counts[0]; number++) {
        struct exchange *one = &exchanges[number];
        memcpy(one, at, 5 * sizeof(uint32_t));
        longest = one->asked > longest ? one->asked : longest;
        one->question = at += 5 * sizeof(uint32_t);
        one->answer = at += one->asked;
        at += one->answered;
    }
    uint32_t *order = malloc(counts[1] * sizeof *order);
    memcpy(order, at, counts[1] * sizeof *order);
    draws = order;
    draw_count = counts[1];
    if (!draw_count)
        exit(2);
}

/* Says whether `count` octets that came as octets `at` and following of an answer are the right ones,
 * but for those that time changes. */
static int same(const struct exchange *one, const char *data, uint32_t at, uint32_t count)
{
    uint32_t end = at + count, from = one->from < end ? one->from : end;
    uint32_t rest = one->to > at ? one->to : at;
    if (at < from && memcmp(data, one->answer + at, from - at))
        return 0;
    return rest >= end || !memcmp(data + (rest - at), one->answer + rest, end - rest);
}

static struct sockaddr_in local(const char *port)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return peer;
}
