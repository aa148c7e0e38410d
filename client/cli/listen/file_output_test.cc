#include "client/cli/listen/file_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using Format = FileOutput::Format;
using testing::HasSubstr;

std::string Complaint(const std::string& path, const std::string& format) {
  return std::string(FileOutput::FormatOf(path, format).status().message());
}

TEST(FileOutputTest, TheFormatIsThatOfTheName) {
  EXPECT_EQ(*FileOutput::FormatOf("a.opus"), Format::kOpus);
  EXPECT_EQ(*FileOutput::FormatOf("a.b/c.WAV"), Format::kWav);
  EXPECT_EQ(*FileOutput::FormatOf("a.flac"), Format::kFlac);
  EXPECT_EQ(*FileOutput::FormatOf("-"), Format::kOpus);
}

TEST(FileOutputTest, OneThatIsNamedCountsMore) {
  EXPECT_EQ(*FileOutput::FormatOf("a.opus", "wav"), Format::kWav);
  EXPECT_EQ(*FileOutput::FormatOf("-", "wav"), Format::kWav);
  EXPECT_EQ(*FileOutput::FormatOf("track", "flac"), Format::kFlac);
}

TEST(FileOutputTest, WhatCannotBeIsNamed) {
  EXPECT_THAT(Complaint("a.mp3", ""), HasSubstr("--output=a.mp3"));
  EXPECT_THAT(Complaint("wav", ""), HasSubstr("--output=wav"));
  EXPECT_THAT(Complaint("a.wav", "mp3"), HasSubstr("--format=mp3"));
  EXPECT_THAT(Complaint("-", "flac"), HasSubstr("opus and wav"));
}

}  // namespace
}  // namespace earshot
