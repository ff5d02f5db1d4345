// Counts the words of standard input, with what C++ programs use: streams, containers, exceptions, chance.

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Word {
    std::string text;
    int count;
};

static int number(const std::string &text) {
    try {
        return std::stoi(text);
    } catch (const std::invalid_argument &) {
        throw std::runtime_error("not a number: " + text);
    }
}

int main(int count, char **arguments) {
    std::map<std::string, int> counts;
    for (std::string word; std::cin >> word;) counts[word]++;

    auto words = std::make_unique<std::vector<Word>>();
    for (const auto &[text, times] : counts) words->push_back({text, times});
    std::stable_sort(words->begin(), words->end(), [](auto &a, auto &b) { return a.count > b.count; });
    for (const auto &word : *words) std::cout << word.text << ' ' << word.count << '\n';

    try {
        std::cout << number("12") + number("twelve") << std::endl;
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
    }
    try {
        std::thread([] {}).join();
    } catch (const std::system_error &error) {
        std::cerr << error.code().message() << std::endl;
    }
    std::ostringstream line;
    line << std::random_device()() << ' ' << 2.5;
    std::cout << line.str() << std::endl;
    return count > 1 ? number(arguments[1]) : 0;
}
