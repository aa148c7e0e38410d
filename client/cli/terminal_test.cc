#include "client/cli/terminal.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(TerminalTest, NothingThatATerminalObeysGetsThrough) {
  EXPECT_EQ(Printable("a\x1b[2Jb\n\tc\x7f"), "a?[2Jb??c?");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "?31m");
  EXPECT_EQ(Printable("h\u00f6r \u2713"), "h\u00f6r \u2713");
  EXPECT_EQ(Printable("\xff\xc3"), "??");
}

TEST(TerminalTest, TextIsCutByCharactersNotBytes) {
  EXPECT_EQ(WidthOf("h\u00f6ren"), 5);
  EXPECT_EQ(CutTo("h\u00f6ren", 5), "h\u00f6ren");
  EXPECT_EQ(CutTo("h\u00f6ren", 4), "h\u00f6r\u2026");
  EXPECT_EQ(CutTo("h\u00f6ren", 1), "\u2026");
  EXPECT_EQ(CutTo("h\u00f6ren", 0), "");
}

TEST(TerminalTest, APipeIsNone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_FALSE(TerminalOf(ends[1]).there());
  EXPECT_FALSE(TerminalOf(ends[1]).colors);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace earshot
