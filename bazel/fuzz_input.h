#ifndef EARSHOT_BAZEL_FUZZ_INPUT_H_
#define EARSHOT_BAZEL_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace earshot {

// A fuzzer's bytes as the choices of a grammar. Each choice takes its bytes
// from the front, so that a mutation of one is local; behind the end all is 0.
// (Clang's FuzzedDataProvider is not there for other compilers, which replay
// the corpora.)
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  bool empty() const { return left_ == 0; }
  size_t left() const { return left_; }

  template <typename T = uint8_t>
  T Int() {
    T value{};
    Take(&value, sizeof(value));
    return value;
  }
  bool Bool() { return (Int() & 1) != 0; }
  // From `least` to `most`, both included, in as few bytes as that takes.
  template <typename T>
  T Range(T least, T most) {
    const auto span =
        static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
    uint64_t value = 0;
    Take(&value, span < 0x100 ? 1 : span < 0x10000 ? 2 : span >> 32 ? 8 : 4);
    if (span != ~uint64_t{0}) value %= span + 1;
    return static_cast<T>(static_cast<uint64_t>(least) + value);
  }
  // One time in `times`.
  bool Seldom(int times) { return Range(0, times - 1) == 1 % times; }
  template <typename T>
  T Pick(std::initializer_list<T> choices) {
    return choices.begin()[Range<size_t>(0, choices.size() - 1)];
  }
  // At most `size`: none behind the end.
  std::vector<uint8_t> Bytes(size_t size) {
    std::vector<uint8_t> bytes(std::min(size, left_));
    Take(bytes.data(), bytes.size());
    return bytes;
  }
  std::string Text(size_t size) {
    const std::vector<uint8_t> bytes = Bytes(size);
    return std::string(bytes.begin(), bytes.end());
  }

 private:
  void Take(void* out, size_t size) {
    size = std::min(size, left_);
    if (size == 0) return;
    std::memcpy(out, data_, size);
    data_ += size;
    left_ -= size;
  }

  const uint8_t* data_;
  size_t left_;
};

}  // namespace earshot

#endif  // EARSHOT_BAZEL_FUZZ_INPUT_H_
