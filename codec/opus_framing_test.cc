#include "codec/opus_framing.h"

#include <gtest/gtest.h>

#include <string>

namespace earshot {
namespace {

// CELT, full band, mono. RFC 6716, 3.1: configurations 28 to 31 are frames of
// 2.5, 5, 10 and 20 ms; the last two bits are the code.
constexpr unsigned char k2_5Ms = 28 << 3;
constexpr unsigned char k10Ms = 30 << 3;
constexpr unsigned char k20Ms = 31 << 3;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

// A last stream of 10 ms.
const std::string& Last() {
  static const auto* const kLast = new std::string(Bytes({k10Ms, 1, 2, 3}));
  return *kLast;
}

int Count(const std::string& packet, int streams = 2) {
  return CountOpusFrames(packet, streams, 48000).value_or(-1);
}

TEST(OpusFramingTest, OneStreamIsAPlainPacket) {
  EXPECT_EQ(Count(Last(), 1), 480);
  EXPECT_EQ(CountOpusFrames(Last(), 1, 8000).value_or(-1), 80);
  EXPECT_EQ(Count("", 1), -1);
}

// RFC 6716, appendix B, figures 18 to 23.
TEST(OpusFramingTest, SkipsEachKindOfSelfDelimitingPacket) {
  EXPECT_EQ(Count(Bytes({k10Ms, 2, 7, 7}) + Last()), 480);
  EXPECT_EQ(Count(Bytes({k10Ms, 0}) + Last()), 480);
  const std::string last20 = Bytes({k20Ms, 1});
  EXPECT_EQ(Count(Bytes({k10Ms | 1, 2, 7, 7, 8, 8}) + last20), 960);
  EXPECT_EQ(Count(Bytes({k10Ms | 2, 2, 1, 7, 7, 8}) + last20), 960);
  // Four frames of 2.5 ms: of one size; each of its own; with padding.
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 4, 1, 7, 7, 7, 7}) + Last()), 480);
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 0x84, 1, 0, 2, 1, 7, 7, 7, 7}) + Last()),
            480);
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 0x44, 2, 1, 7, 7, 7, 7, 0, 0}) + Last()),
            480);
}

TEST(OpusFramingTest, ReadsLongSizesAndPaddings) {
  // 4 * 1 + 252 bytes.
  EXPECT_EQ(Count(Bytes({k10Ms, 252, 1}) + std::string(256, 'x') + Last()),
            480);
  EXPECT_EQ(Count(Bytes({k10Ms, 252, 1}) + std::string(255, 'x')), -1);
  // 254 + 1 bytes of padding.
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 0x44, 255, 1, 0}) + std::string(255, 0) +
                  Last()),
            480);
}

TEST(OpusFramingTest, RefusesWhatIsCutOff) {
  for (const std::string& bad :
       {Bytes({k10Ms}), Bytes({k10Ms, 252}), Bytes({k10Ms, 3, 7, 7}),
        Bytes({k10Ms | 1, 2, 7, 7, 8}), Bytes({k10Ms | 2, 2}),
        Bytes({k10Ms | 2, 2, 1, 7, 7}), Bytes({k2_5Ms | 3}),
        Bytes({k2_5Ms | 3, 4}), Bytes({k2_5Ms | 3, 0x84, 1, 0, 2}),
        Bytes({k2_5Ms | 3, 0x44}), Bytes({k2_5Ms | 3, 0x44, 255}),
        Bytes({k2_5Ms | 3, 0x44, 255, 255, 255, 255, 1, 0})}) {
    EXPECT_EQ(Count(bad), -1);
  }
  // Nothing is left for the last stream.
  EXPECT_EQ(Count(Bytes({k10Ms, 2, 7, 7})), -1);
  EXPECT_EQ(Count(Last(), 2), -1);
}

TEST(OpusFramingTest, RefusesWhatHasNoFramesOrTooMany) {
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 0, 0}) + Last()), -1);
  // 49 * 2.5 ms.
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 49, 0, k2_5Ms | 3, 49})), -1);
  EXPECT_EQ(Count(Bytes({k2_5Ms | 3, 48, 0, k2_5Ms | 3, 48})), 5760);
}

TEST(OpusFramingTest, RefusesStreamsOfDifferentLengths) {
  EXPECT_EQ(Count(Bytes({k20Ms, 1, 7}) + Last()), -1);
  EXPECT_EQ(Count(Bytes({k10Ms, 1, 7, k20Ms, 1, 7}) + Last(), 3), -1);
  EXPECT_EQ(Count(Bytes({k10Ms, 1, 7, k10Ms, 1, 7}) + Last(), 3), 480);
}

}  // namespace
}  // namespace earshot
