// Prices options by simulation (Monte Carlo), in fixed-point arithmetic.
//
//     price < OPTIONS > PRICES
//
// Each line of the input is an option; options.txt explains them by example. The price of the share follows a geometric
// Brownian motion, from date to date; each path is walked a second time with all its random numbers negated, which
// takes much of the chance out of the mean. A line of the output is the price, its standard error, and the option.
//
// There is no floating point: chance, logarithm, exponential and root are whole numbers' work, so that every computer
// comes to the same price to the last digit.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *message) {
    fprintf(stderr, "price: %s\n", message);
    exit(1);
}

static unsigned line_number;

static void fail_at_line(const char *message) {
    fprintf(stderr, "price: line %u of the options: %s\n", line_number, message);
    exit(1);
}

// ---- Numbers: 32 binary places, up to 2^31. Right shifts of negative ones round down, as every compiler has them do.

typedef int64_t number;
typedef __int128 wide;

#define ONE ((number)1 << 32)
#define LN_2 ((number)2977044472)  // 0.6931471806

static number times(number a, number b) { return (number)((wide)a * b >> 32); }

static number over(number a, number b) { return (number)((wide)a * ONE / b); }

static number root(number a) {
    if (a <= 0) return 0;
    // In as many bits as there are, so that the root has 32 of them.
    uint64_t square = (uint64_t)a;
    unsigned shift = 0;
    for (; square >> 62 == 0; shift++) square <<= 2;
    uint64_t guess = UINT32_MAX;
    // Newton's method, from above: it falls until it has arrived.
    for (uint64_t next; (next = (guess + square / guess) / 2) < guess;) guess = next;
    return (number)(shift > 16 ? guess >> (shift - 16) : guess << (16 - shift));
}

// The natural logarithm of a positive number.
static number logarithm(number a) {
    number twos = 0;
    for (; a >= 2 * ONE; a /= 2) twos++;
    for (; a < ONE; a *= 2) twos--;
    // ln a = 2 artanh t = 2 (t + t^3 / 3 + t^5 / 5 + ...), where t is at most a third.
    number t = (number)(((uint64_t)(a - ONE) << 32) / (uint64_t)(a + ONE)), square = times(t, t), sum = 0;
    for (number n = 21; n >= 1; n -= 2) sum = times(sum, square) + ONE / n;
    return twos * LN_2 + 2 * times(t, sum);
}

// e to the power of a number up to 21; 0 where the result is too small for a number.
static number exponential(number a) {
    if (a < -32 * LN_2) return 0;
    number twos = (a + LN_2 / 2 + 64 * LN_2) / LN_2 - 64;
    number rest = a - twos * LN_2, sum = ONE;
    for (number n = 11; n >= 1; n--) sum = ONE + times(sum, rest) / n;
    return twos < 0 ? sum >> -twos : sum << twos;
}

// ---- Chance: xoshiro256** by D. Blackman and S. Vigna, seeded by SplitMix64

static uint64_t random_state[4];

static void seed(uint64_t from) {
    for (unsigned i = 0; i < 4; i++) {
        uint64_t z = from += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        random_state[i] = z ^ z >> 31;
    }
}

static uint64_t turn(uint64_t word, unsigned left) { return word << left | word >> (64 - left); }

static uint64_t random_word(void) {
    uint64_t *s = random_state, word = turn(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = turn(s[3], 45);
    return word;
}

// Normally distributed numbers, by G. Marsaglia's polar method. They come in pairs; the second is kept for the next
// call.
static number kept;
static int has_kept;

static number normal(void) {
    if (has_kept) {
        has_kept = 0;
        return kept;
    }
    number x, y, square;
    do {
        uint64_t word = random_word();
        x = (number)(word >> 32) * 2 - ONE + 1, y = (number)(uint32_t)word * 2 - ONE + 1;
        square = times(x, x) + times(y, y);
    } while (square >= ONE || square == 0);
    // A point (x, y) of the unit disc: its direction is of any angle, and the square of its length, any share of 1.
    // Four binary places are left off in the division, for room: at most 6.7, it would fill a word and more.
    number length = root(-2 * logarithm(square)) * (ONE >> 4) / root(square) * 16;
    kept = times(y, length), has_kept = 1;
    return times(x, length);
}

// ---- Options

enum { LEAST_PATHS = 4, MOST_PATHS = 1000000, MOST_DATES = 1000 };

#define LEAST_PRICE (ONE / 100)
#define MOST_PRICE (1000000 * ONE)

#define MOST_GROWTH (1000 * ONE)  // of the price of a share along a path
#define TOO_LARGE "the price grows so much that there is no room for it"

static uint64_t first_seed = 1;
static number path_count = 1000;

typedef struct {
    int is_put, is_of_average;
    number spot, strike, rate, volatility, years, dates, barrier;  // barrier is 0 if there is none
} option;

// What has to be known of an option for each path. Prices are in units of the price at the start.
typedef struct {
    const option *option;
    number strike;
    number drift, spread;  // of the logarithm of the price, from date to date
    number barrier;        // a logarithm; it is above the start, or else below it
    number walked[2];      // logarithms of the price on a path and on its mirror
    number total[2];       // of the prices at the dates
    int is_out[2];
} simulation;

static simulation start(const option *option) {
    simulation s = {.option = option, .strike = over(option->strike, option->spot)};
    number step = option->years / option->dates;
    s.drift = times(option->rate - times(option->volatility, option->volatility) / 2, step);
    s.spread = times(option->volatility, root(step));
    if (option->barrier) s.barrier = logarithm(over(option->barrier, option->spot));
    return s;
}

static number growth(number logarithm) {
    if (logarithm > 20 * ONE) fail_at_line(TOO_LARGE);
    number grown = exponential(logarithm);
    if (grown > MOST_GROWTH) fail_at_line(TOO_LARGE);
    return grown;
}

static void walk(simulation *s, number step, int mirrored) {
    s->walked[mirrored] += s->drift + (mirrored ? -step : step);
    number barrier = s->barrier, now = s->walked[mirrored];
    if (s->option->barrier && (barrier > 0 ? now >= barrier : now <= barrier)) s->is_out[mirrored] = 1;
    if (s->option->is_of_average) s->total[mirrored] += growth(now);
}

// What the option pays at the end of a path.
static number payoff(const simulation *s, int mirrored) {
    const option *option = s->option;
    if (s->is_out[mirrored]) return 0;
    number price = option->is_of_average ? s->total[mirrored] / option->dates : growth(s->walked[mirrored]);
    number gain = option->is_put ? s->strike - price : price - s->strike;
    return gain > 0 ? gain : 0;
}

// The mean of a path and its mirror.
static number walk_pair(const simulation *from) {
    simulation s = *from;
    for (number i = 0; i < s.option->dates; i++) {
        number step = times(s.spread, normal());
        walk(&s, step, 0);
        walk(&s, step, 1);
    }
    return (payoff(&s, 0) + payoff(&s, 1)) / 2;
}

static number in_money(number ratio, number scale) {
    wide amount = (wide)ratio * scale >> 32;
    if (amount > INT64_MAX) fail_at_line(TOO_LARGE);
    return (number)amount;
}

typedef struct {
    number price, error;
} estimate;

static estimate simulate(const option *option) {
    simulation s = start(option);
    wide sum = 0, squares = 0;
    number pairs = path_count / 2;
    seed(first_seed);
    has_kept = 0;
    for (number i = 0; i < pairs; i++) {
        number pay = walk_pair(&s);
        sum += pay, squares += (wide)pay * pay;
    }
    number mean = (number)(sum / pairs);
    number variance = (number)((squares / pairs - (wide)mean * mean) >> 32);
    number scale = times(exponential(-times(option->rate, option->years)), option->spot);
    return (estimate){in_money(mean, scale), in_money(root(variance / (pairs - 1)), scale)};
}

// ---- Input and output

// Reads a decimal number and moves on behind it; 0 if there is none.
static int read_number(const char **at, number *value) {
    const char *p = *at + strspn(*at, " \t");
    int is_negative = *p == '-';
    if (is_negative) p++;
    if (*p < '0' || *p > '9') return 0;

    number whole = 0, fraction = 0, unit = 1;
    for (; *p >= '0' && *p <= '9' && whole < 100000000; p++) whole = 10 * whole + *p - '0';
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++)
            if (unit < 1000000000) fraction = 10 * fraction + *p - '0', unit *= 10;
    *value = whole * ONE + fraction * ONE / unit;
    if (is_negative) *value = -*value;
    *at = p;
    return 1;
}

static void print_number(number value) {
    int64_t cents = (int64_t)(((wide)value * 10000 + ONE / 2) >> 32);
    printf("%9lld.%04lld ", (long long)(cents / 10000), (long long)(cents % 10000));
}

static int is_between(number value, number least, number most) { return least <= value && value <= most; }

static int is_whole(number value) { return value % ONE == 0; }

static void price(const char *line, const char *kind, const number *numbers, int count) {
    option option = {
        .is_put = !strcmp(kind, "put") || !strcmp(kind, "average-put"),
        .is_of_average = !strncmp(kind, "average-", 8),
        .spot = numbers[0],
        .strike = numbers[1],
        .rate = numbers[2],
        .volatility = numbers[3],
        .years = numbers[4],
        .dates = count > 5 ? numbers[5] / ONE : 1,
        .barrier = count > 6 ? numbers[6] : 0,
    };
    if (count < 5) fail_at_line("an option has at least a spot, a strike, a rate, a volatility and a time");
    if (!is_between(option.spot, LEAST_PRICE, MOST_PRICE)) fail_at_line("the spot is not from 0.01 to 1000000");
    if (!is_between(option.strike, LEAST_PRICE, MOST_PRICE)) fail_at_line("the strike is not from 0.01 to 1000000");
    if (!is_between(option.rate, -ONE / 4, ONE / 4)) fail_at_line("the rate is not from -0.25 to 0.25");
    if (!is_between(option.volatility, 0, 4 * ONE)) fail_at_line("the volatility is not from 0 to 4");
    if (!is_between(option.years, ONE / 1000, 20 * ONE)) fail_at_line("the time is not from 0.001 to 20 years");
    if (count > 5 && (!is_between(option.dates, 1, MOST_DATES) || !is_whole(numbers[5])))
        fail_at_line("the number of dates is not a whole one from 1 to 1000");
    if (count > 6 && !is_between(option.barrier, LEAST_PRICE, MOST_PRICE))
        fail_at_line("the barrier is not from 0.01 to 1000000");
    if (count > 6 && option.barrier == option.spot) fail_at_line("the barrier is at the spot");

    estimate estimate = simulate(&option);
    print_number(estimate.price);
    print_number(estimate.error);
    // The option, its words one space apart.
    for (const char *at = line; *at; at += strspn(at, " \t")) {
        int length = (int)strcspn(at, " \t");
        printf("%s%.*s", at == line ? "" : " ", length, at);
        at += length;
    }
    putchar('\n');
}

static int is_kind(const char *word) {
    if (!strncmp(word, "average-", 8)) word += 8;
    return !strcmp(word, "call") || !strcmp(word, "put");
}

static void read_line(char *line) {
    line += strspn(line, " \t");
    line[strcspn(line, "#\r\n")] = 0;
    for (size_t end = strlen(line); end && (line[end - 1] == ' ' || line[end - 1] == '\t');) line[--end] = 0;
    if (!*line) return;

    char word[16] = "";
    number numbers[7] = {0};
    int count = 0;
    size_t length = strcspn(line, " \t");
    if (length < sizeof word) memcpy(word, line, length);
    const char *at = line + length;
    while (count < 7 && read_number(&at, &numbers[count])) count++;
    if (*at) fail_at_line("something here is no number, or is too much");

    if (is_kind(word)) {
        price(line, word, numbers, count);
    } else if (count == 1 && is_whole(numbers[0]) && !strcmp(word, "paths")) {
        path_count = numbers[0] / ONE;
        if (!is_between(path_count, LEAST_PATHS, MOST_PATHS)) fail_at_line("there can be 4 to 1000000 paths");
    } else if (count == 1 && is_whole(numbers[0]) && !strcmp(word, "seed")) {
        first_seed = (uint64_t)(numbers[0] / ONE);
    } else {
        fail_at_line("this is neither an option nor a number of paths nor a seed: see options.txt");
    }
}

int main(void) {
    char line[256];
    printf("%14s %14s option\n", "price", "error");
    for (line_number = 1; fgets(line, sizeof line, stdin); line_number++) {
        if (strlen(line) == sizeof line - 1) fail_at_line("this line is too long");
        read_line(line);
    }
    if (ferror(stdin)) fail("standard input cannot be read");
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");
    return 0;
}
