// Draws a scene of spheres over a chequered floor as a PNG picture.
//
//     render < SCENE > PICTURE.png
//
// A scene is a text of lines, each a word and decimal numbers; scene.txt explains them by example. Without `bounces`
// the picture is drawn by plain ray tracing, with an even light in the shadows. With them it is path tracing: light
// that comes from the sky, from lamps and from other surfaces is followed from the eye along random paths. All
// arithmetic is in fixed point, and chance comes from a generator that starts the same, so every computer draws the
// same picture to the last bit.

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *message) {
    fprintf(stderr, "render: %s\n", message);
    exit(1);
}

// ---- Numbers: 16 binary places. Right shifts of negative ones round down, as every compiler has them do.

typedef int64_t number;

#define ONE ((number)1 << 16)

static number times(number a, number b) { return a * b >> 16; }

static number over(number a, number b) { return a * ONE / b; }

// The whole number below the square root.
static uint64_t whole_root(uint64_t square) {
    if (!square) return 0;
    uint64_t guess = ONE;
    while (guess < square / guess) guess *= 4;
    // Newton's method, from above: it falls until it has arrived.
    for (uint64_t next; (next = (guess + square / guess) / 2) < guess;) guess = next;
    return guess;
}

static number root(number a) { return a > 0 ? (number)whole_root((uint64_t)a * ONE) : 0; }

// ---- Points, directions and colours

typedef struct {
    number x, y, z;
} vector;

static vector add(vector a, vector b) { return (vector){a.x + b.x, a.y + b.y, a.z + b.z}; }

static vector subtract(vector a, vector b) { return (vector){a.x - b.x, a.y - b.y, a.z - b.z}; }

static vector scale(vector a, number by) { return (vector){times(a.x, by), times(a.y, by), times(a.z, by)}; }

static number dot(vector a, vector b) { return (a.x * b.x + a.y * b.y + a.z * b.z) >> 16; }

static vector cross(vector a, vector b) {
    return (vector){
        (a.y * b.z - a.z * b.y) >> 16,
        (a.z * b.x - a.x * b.z) >> 16,
        (a.x * b.y - a.y * b.x) >> 16,
    };
}

static number magnitude(vector a) { return (number)whole_root((uint64_t)(a.x * a.x + a.y * a.y + a.z * a.z)); }

static vector unit(vector a) {
    number by = magnitude(a);
    return by ? (vector){over(a.x, by), over(a.y, by), over(a.z, by)} : a;
}

static vector mix(vector a, vector b, number share) { return add(a, scale(subtract(b, a), share)); }

static vector filter(vector light, vector colour) {
    return (vector){times(light.x, colour.x), times(light.y, colour.y), times(light.z, colour.z)};
}

static vector grey(number level) { return (vector){level, level, level}; }

// ---- The scene

enum { MOST_SPHERES = 64, LARGEST_SIZE = 2048, MOST_SAMPLES = 64, MOST_BOUNCES = 16, REFLECTIONS = 2 };

#define BRIGHTEST (100 * ONE)
#define SMALLEST_RADIUS (ONE / 20)  // so that the error of a far point does not show in its normal
#define SHORTEST (ONE / 16)         // of what says where a direction leads

typedef struct {
    vector centre;
    number radius;
    vector colour;
    number shine;  // the share of the light that it reflects as a mirror
    int is_lamp;   // whether it gives light of that colour, and reflects none
} sphere;

static struct {
    number width, height, samples;  // pixels, and rays for each of them along either side
    number bounces;                 // of light between surfaces; 0 for plain ray tracing
    vector eye, target;
    number zoom;
    vector to_sun, sunlight;
    vector horizon, zenith;
    number floor;
    vector tile[2];
    sphere spheres[MOST_SPHERES];
    int sphere_count;
} scene = {.width = 96, .height = 64, .samples = 1, .zoom = ONE};

// Reads a decimal number and moves on behind it; 0 if there is none.
static int read_number(const char **at, number *value) {
    const char *p = *at;
    while (*p == ' ' || *p == '\t') p++;
    int is_negative = *p == '-';
    if (is_negative) p++;
    if (*p < '0' || *p > '9') return 0;

    number whole = 0, fraction = 0, unit = 1;
    for (; *p >= '0' && *p <= '9' && whole < 1000; p++) whole = 10 * whole + *p - '0';
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++)
            if (unit < 1000000) fraction = 10 * fraction + *p - '0', unit *= 10;
    *value = whole * ONE + fraction * ONE / unit;
    if (is_negative) *value = -*value;
    *at = p;
    return 1;
}

static vector triple(const number *numbers) { return (vector){numbers[0], numbers[1], numbers[2]}; }

static int is_between(number value, number least, number most) { return least <= value && value <= most; }

static int is_colour(vector colour, number most) {
    return is_between(colour.x, 0, most) && is_between(colour.y, 0, most) && is_between(colour.z, 0, most);
}

static int add_sphere(const number *n, int is_lamp) {
    if (scene.sphere_count == MOST_SPHERES) return 0;
    sphere new = {triple(n), n[3], triple(n + 4), is_lamp ? 0 : n[7], is_lamp};
    scene.spheres[scene.sphere_count++] = new;
    number brightest = is_lamp ? BRIGHTEST : ONE;
    return new.radius >= SMALLEST_RADIUS && is_between(new.shine, 0, ONE) && is_colour(new.colour, brightest);
}

static int read_line(const char *line) {
    number n[9] = {0};
    int count = 0;
    const char *numbers = line + strcspn(line, " \t\n");
    size_t length = (size_t)(numbers - line);
    while (count < 9 && read_number(&numbers, &n[count])) count++;
    if (numbers[strspn(numbers, " \t\r\n")]) return 0;

#define IS(word, size) (length == sizeof word - 1 && !memcmp(line, word, length) && count == size)
    if (IS("size", 2)) {
        scene.width = n[0] / ONE, scene.height = n[1] / ONE;
        return is_between(scene.width, 1, LARGEST_SIZE) && is_between(scene.height, 1, LARGEST_SIZE);
    }
    if (IS("samples", 1)) {
        scene.samples = n[0] / ONE;
        return is_between(scene.samples, 1, MOST_SAMPLES);
    }
    if (IS("bounces", 1)) {
        scene.bounces = n[0] / ONE;
        return is_between(scene.bounces, 0, MOST_BOUNCES);
    }
    if (IS("camera", 7)) {
        scene.eye = triple(n), scene.target = triple(n + 3), scene.zoom = n[6];
        number way = magnitude(subtract(scene.target, scene.eye));
        return way >= SHORTEST && is_between(scene.zoom, ONE / 16, 16 * ONE);
    }
    if (IS("sun", 6)) {
        scene.to_sun = unit(triple(n)), scene.sunlight = triple(n + 3);
        return magnitude(triple(n)) >= SHORTEST && is_colour(scene.sunlight, BRIGHTEST);
    }
    if (IS("sky", 6)) {
        scene.horizon = triple(n), scene.zenith = triple(n + 3);
        return is_colour(scene.horizon, BRIGHTEST) && is_colour(scene.zenith, BRIGHTEST);
    }
    if (IS("floor", 7)) {
        scene.floor = n[0], scene.tile[0] = triple(n + 1), scene.tile[1] = triple(n + 4);
        return is_colour(scene.tile[0], ONE) && is_colour(scene.tile[1], ONE);
    }
    if (IS("sphere", 8)) return add_sphere(n, 0);
    if (IS("lamp", 7)) return add_sphere(n, 1);
    return 0;
#undef IS
}

static void read_scene(void) {
    char line[256];
    for (int number = 1; fgets(line, sizeof line, stdin); number++) {
        char *comment = strchr(line, '#');
        if (comment) *comment = 0;
        if (line[strspn(line, " \t\r\n")] && !read_line(line)) {
            fprintf(stderr, "render: line %d of the scene is not understood: see scene.txt\n", number);
            exit(1);
        }
    }
}

// ---- Rays

typedef struct ray {
    vector from, direction;  // a unit vector
} ray;

#define FAR (1000 * ONE)
#define NEAR (ONE / 256)  // what is closer is the surface that the ray starts from

// How far along the ray the sphere is; FAR if it is not hit.
static number reach(const sphere *sphere, ray ray) {
    vector way = subtract(sphere->centre, ray.from);
    number along = dot(way, ray.direction);
    number inside = times(along, along) - dot(way, way) + times(sphere->radius, sphere->radius);
    if (inside < 0) return FAR;
    number half = root(inside);
    if (along - half > NEAR) return along - half;
    return along + half > NEAR ? along + half : FAR;
}

static int is_in_sun(vector point) {
    ray to_sun = {point, scene.to_sun};
    for (int i = 0; i < scene.sphere_count; i++)
        if (reach(&scene.spheres[i], to_sun) < FAR) return 0;
    return 1;
}

// A number from 0 to 1, the next of a linear congruential generator.
static number chance(void) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (number)(state >> 48);
}

// A direction away from a surface, the likelier the steeper, as a rough surface scatters light.
static vector scatter(vector normal) {
    vector offset;
    do {
        offset = (vector){2 * chance() - ONE, 2 * chance() - ONE, 2 * chance() - ONE};
    } while (dot(offset, offset) > ONE);
    return unit(add(normal, unit(offset)));
}

static ray mirror(ray ray, vector point, vector normal) {
    return (struct ray){point, unit(subtract(ray.direction, scale(normal, 2 * dot(ray.direction, normal))))};
}

static vector trace(ray ray, number bounces);

// The light that a surface sends back along the ray; `bounces` more surfaces are looked at for it.
static vector shade(ray ray, vector point, vector normal, vector colour, number shine, number bounces) {
    int is_traced_by_path = scene.bounces > 0;
    if (is_traced_by_path && bounces > 0 && chance() < shine) return trace(mirror(ray, point, normal), bounces - 1);

    number steepness = dot(normal, scene.to_sun);
    vector light = {0, 0, 0};
    if (steepness > 0 && is_in_sun(point)) light = scale(scene.sunlight, steepness);
    if (!is_traced_by_path)
        light = add(light, grey(ONE / 4));
    else if (bounces > 0)
        light = add(light, trace((struct ray){point, scatter(normal)}, bounces - 1));

    vector seen = filter(light, colour);
    if (is_traced_by_path || shine == 0 || bounces == 0) return seen;
    return mix(seen, trace(mirror(ray, point, normal), bounces - 1), shine);
}

// The colour that is seen along a ray.
static vector trace(ray ray, number bounces) {
    const sphere *hit = NULL;
    number distance = FAR;
    for (int i = 0; i < scene.sphere_count; i++) {
        number to = reach(&scene.spheres[i], ray);
        if (to < distance) distance = to, hit = &scene.spheres[i];
    }
    number drop = scene.floor - ray.from.y;
    number to_floor = ray.direction.y < 0 && drop < 0 ? over(drop, ray.direction.y) : FAR;

    if (to_floor < distance) {
        vector point = add(ray.from, scale(ray.direction, to_floor));
        int tile = ((point.x >> 16) + (point.z >> 16)) & 1;
        vector colour = shade(ray, point, (vector){0, ONE, 0}, scene.tile[tile], 0, bounces);
        number haze = to_floor < 16 * ONE ? to_floor / 16 : ONE;
        return mix(colour, scene.horizon, times(haze, haze));
    }
    if (hit && hit->is_lamp) return hit->colour;
    if (hit) {
        vector point = add(ray.from, scale(ray.direction, distance));
        return shade(ray, point, unit(subtract(point, hit->centre)), hit->colour, hit->shine, bounces);
    }
    return mix(scene.horizon, scene.zenith, ray.direction.y > 0 ? ray.direction.y : 0);
}

static uint8_t level(number part) { return (uint8_t)(part < 0 ? 0 : part >= ONE ? 255 : part * 255 / ONE); }

static void draw(uint8_t *pixels) {
    vector ahead = unit(subtract(scene.target, scene.eye));
    vector right = unit(cross((vector){0, ONE, 0}, ahead));
    vector up = cross(ahead, right);
    number samples = scene.samples, rays = samples * samples;
    number bounces = scene.bounces ? scene.bounces : REFLECTIONS;
    number half_width = scene.width * ONE / scene.height;  // half the height is 1

    for (number row = 0; row < scene.height; row++) {
        *pixels++ = 0;  // PNG's filter of the row: none
        for (number column = 0; column < scene.width; column++) {
            vector sum = {0, 0, 0};
            for (number i = 0; i < rays; i++) {
                number x = (2 * (column * samples + i % samples) + 1) * half_width / (scene.width * samples);
                number y = (2 * (row * samples + i / samples) + 1) * ONE / (scene.height * samples);
                vector across = scale(right, x - half_width), upward = scale(up, ONE - y);
                vector direction = unit(add(scale(ahead, scene.zoom), add(across, upward)));
                sum = add(sum, trace((ray){scene.eye, direction}, bounces));
            }
            *pixels++ = level(sum.x / rays), *pixels++ = level(sum.y / rays), *pixels++ = level(sum.z / rays);
        }
    }
}

// ---- The PNG file (ISO/IEC 15948), its pixels not compressed

static uint32_t checksum_table[256];

static void make_checksum_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        checksum_table[i] = i;
        for (int k = 0; k < 8; k++)
            checksum_table[i] = checksum_table[i] >> 1 ^ (-(checksum_table[i] & 1) & 0xEDB88320u);
    }
}

static uint32_t checksum;  // CRC-32 of the chunk so far

static void put(const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++) checksum = checksum >> 8 ^ checksum_table[(checksum ^ at[i]) & 255];
    if (fwrite(bytes, 1, length, stdout) != length) fail("standard output cannot be written");
}

static void put_integer(uint32_t value) {
    put((const uint8_t[]){(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value}, 4);
}

static void start_chunk(const char *name, size_t length) {
    put_integer((uint32_t)length);
    checksum = ~0u;
    put(name, 4);
}

static void end_chunk(void) { put_integer(~checksum); }

static uint32_t adler(const uint8_t *bytes, size_t length) {
    uint32_t a = 1, b = 0;
    while (length) {
        size_t run = length < 5552 ? length : 5552;  // as many as fit into 32 bits
        for (size_t i = 0; i < run; i++) a += bytes[i], b += a;
        a %= 65521, b %= 65521, bytes += run, length -= run;
    }
    return b << 16 | a;
}

static void put_picture(const uint8_t *pixels, size_t length) {
    const size_t block = 65535;
    put("\x89PNG\r\n\x1a\n", 8);

    start_chunk("IHDR", 13);
    put_integer((uint32_t)scene.width);
    put_integer((uint32_t)scene.height);
    put((const uint8_t[]){8, 2, 0, 0, 0}, 5);  // 8 bits, red, green and blue
    end_chunk();

    start_chunk("IDAT", 2 + length + 5 * ((length + block - 1) / block) + 4);
    put((const uint8_t[]){0x78, 0x01}, 2);
    for (size_t at = 0; at < length; at += block) {
        size_t size = length - at < block ? length - at : block;
        uint8_t head[5] = {at + size == length, (uint8_t)size, (uint8_t)(size >> 8)};
        head[3] = (uint8_t)~head[1], head[4] = (uint8_t)~head[2];
        put(head, sizeof head);
        put(pixels + at, size);
    }
    put_integer(adler(pixels, length));
    end_chunk();

    start_chunk("IEND", 0);
    end_chunk();
}

int main(void) {
    read_scene();
    size_t length = (size_t)(scene.height * (1 + 3 * scene.width));
    uint8_t *pixels = malloc(length);
    if (!pixels) fail("there is not enough memory for the picture");
    draw(pixels);
    make_checksum_table();
    put_picture(pixels, length);
    free(pixels);
    if (fflush(stdout)) fail("standard output cannot be written");
    return 0;
}
