// Counts, sorts and joins words with the containers of C++, as often as its argument says.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

static uint64_t state = 1;

static uint32_t chance(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static std::string word() {
    std::string text;
    for (uint32_t length = 2 + chance(3); length--;) text += (char)('a' + chance(6));
    return text + (chance(4) ? "" : " and something longer");
}

static uint32_t round_of_words() {
    std::unordered_map<std::string, uint32_t> counts;
    for (int i = 0; i < 1000; i++) counts[word()]++;
    std::vector<std::pair<std::string, uint32_t>> sorted(counts.begin(), counts.end());
    std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    std::map<uint32_t, std::vector<std::string>> by_length;
    for (const auto &[text, times] : sorted) by_length[(uint32_t)text.size()].push_back(text);
    uint32_t sum = 0;
    for (const auto &[length, texts] : by_length) {
        std::string all;
        for (const auto &text : texts) all += text;
        for (char c : all) sum = sum * 31 + (uint32_t)c;
        sum += length * (uint32_t)texts.size();
    }
    return sum;
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)std::atoi(arguments[1]) : 1, sum = 0;
    for (uint32_t round = 0; round < rounds; round++) sum = sum * 31 + round_of_words();
    std::printf("%u\n", (unsigned)sum);
    return 0;
}
