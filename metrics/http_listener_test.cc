#include "metrics/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace earshot::metrics {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(HttpListenerTest, ListensAtAPortThatIsFree) {
  auto listener = HttpListener::Open("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_THAT(listener->text(), StartsWith("127.0.0.1:"));
  EXPECT_NE(listener->text(), "127.0.0.1:0");
}

TEST(HttpListenerTest, APortThatIsTakenIsAnErrorThatSaysSo) {
  auto first = HttpListener::Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = HttpListener::Open(first->text());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("cannot listen at " + first->text()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
}

TEST(HttpListenerTest, ClosesWhatNobodyTook) {
  std::string address;
  {
    auto first = HttpListener::Open("127.0.0.1:0");
    ASSERT_TRUE(first.ok()) << first.status();
    address = first->text();
  }
  EXPECT_TRUE(HttpListener::Open(address).ok());
}

TEST(HttpListenerTest, BadAddresses) {
  for (const char* address :
       {"", ":", "9090", ":9090", "localhost", "localhost:", "localhost:65536",
        "localhost:-1", "localhost:http", "no such host:9090"}) {
    EXPECT_FALSE(HttpListener::Open(address).ok()) << address;
  }
}

}  // namespace
}  // namespace earshot::metrics
