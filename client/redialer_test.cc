#include "client/redialer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RedialerTest : public testing::Test, private Redialer::Listener {
 protected:
  // No wait is by chance.
  static Backoff::Options Waits(milliseconds initial, milliseconds cap,
                                milliseconds idle_cap) {
    return {initial, cap, idle_cap, 2, 0};
  }
  Redialer::Options Options(const Backoff::Options& backoff) {
    Redialer::Options options;
    options.backoff = backoff;
    options.refused_backoff = Waits(seconds(1), seconds(10), seconds(10));
    options.clock = [this] { return now_; };
    options.find = [this](const std::string&) { return addresses_; };
    return options;
  }
  void Make(const std::string& servers, const Backoff::Options& backoff) {
    targets_ = std::make_unique<ServerTargets>(*ServerTargets::Create(servers));
    redialer_ = std::make_unique<Redialer>(
        io_.get_executor(), *targets_, Options(backoff),
        static_cast<Redialer::Listener&>(*this));
  }
  void MakeQuick() {
    Make("unix:/nowhere/a,unix:/nowhere/b",
         Waits(milliseconds(1), milliseconds(1), milliseconds(1)));
  }
  // What happens soon.
  void Await() {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    const size_t before = heard_.size();
    while (heard_.size() == before &&
           std::chrono::steady_clock::now() < deadline) {
      io_.restart();  // it stops while a look-up is all there is
      io_.run_one_for(milliseconds(5));
    }
  }
  void AwaitNothing() {
    io_.restart();
    io_.run_for(milliseconds(30));
  }

  void OnDial() override { heard_.push_back(targets_->address()); }
  void OnNoAddress() override { heard_.emplace_back("no address"); }

  boost::asio::io_context io_;
  MonotonicTime now_ = MonotonicTime(hours(1));
  std::vector<std::string> addresses_;
  std::unique_ptr<ServerTargets> targets_;
  std::unique_ptr<Redialer> redialer_;
  std::vector<std::string> heard_;
};

TEST_F(RedialerTest, DialsAKnownAddressAtOnce) {
  MakeQuick();
  redialer_->Dial();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a"));
}

TEST_F(RedialerTest, DialsANameOnceItHasAnAddress) {
  addresses_ = {"10.0.0.1:1"};
  Make("dns:///earshot:1", {});
  redialer_->Dial();
  EXPECT_THAT(heard_, IsEmpty());
  Await();
  EXPECT_THAT(heard_, ElementsAre("10.0.0.1:1"));
}

TEST_F(RedialerTest, TellsThatANameHasNone) {
  Make("dns:///earshot:1", {});
  redialer_->Dial();
  Await();
  EXPECT_THAT(heard_, ElementsAre("no address"));
}

TEST_F(RedialerTest, DialsAgainAfterTheBackoff) {
  Make("unix:/nowhere/a",
       Waits(milliseconds(40), milliseconds(40), milliseconds(40)));
  const auto began = std::chrono::steady_clock::now();
  redialer_->DialAgain(true);
  EXPECT_THAT(heard_, IsEmpty());
  Await();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a"));
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(40));
}

TEST_F(RedialerTest, DialsMuchSoonerWhereThatIsWorthATry) {
  Make("unix:/nowhere/a,unix:/nowhere/b",
       Waits(milliseconds(160), milliseconds(160), milliseconds(160)));
  ServerTargets other = *ServerTargets::Create("unix:/nowhere/other");
  struct Other : Redialer::Listener {
    explicit Other(std::vector<std::string>& heard) : heard(heard) {}
    void OnDial() override { heard.emplace_back("other"); }
    void OnNoAddress() override {}
    std::vector<std::string>& heard;
  } listener(heard_);
  Redialer usual(
      io_.get_executor(), other,
      Options(Waits(milliseconds(80), milliseconds(80), milliseconds(80))),
      listener);
  usual.DialAgain(true);
  redialer_->DialAgain(true, true);  // 40 ms
  Await();
  Await();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a", "other"));
}

TEST_F(RedialerTest, HurriesWhenItIsWantedSinceJustNow) {
  Make("unix:/nowhere/a", Waits(hours(1), milliseconds(10), hours(1)));
  redialer_->DialAgain(false);
  AwaitNothing();
  EXPECT_THAT(heard_, IsEmpty());
  redialer_->Hurry();
  Await();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a"));
}

TEST_F(RedialerTest, HurriesToNobodyWhereNoCallIsToBeMade) {
  MakeQuick();
  redialer_->Dial();
  redialer_->Hurry();
  AwaitNothing();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a"));
}

TEST_F(RedialerTest, LeavesAServerAloneThatWantsIt) {
  MakeQuick();
  redialer_->PutOff(hours(1));
  EXPECT_GE(redialer_->WaitForTarget(), hours(1));
  redialer_->DialAgain(true);
  redialer_->Hurry();
  AwaitNothing();
  EXPECT_THAT(heard_, IsEmpty());

  targets_->Rotate();
  EXPECT_EQ(redialer_->WaitForTarget(), microseconds(0));
  redialer_->DialAgain(true);
  Await();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/b"));
}

TEST_F(RedialerTest, AsksAServerThatWillNotHaveUsLessAndLess) {
  MakeQuick();
  redialer_->OnRefused();
  EXPECT_EQ(redialer_->WaitForTarget(), seconds(1));
  now_ += seconds(1);
  redialer_->OnRefused();
  EXPECT_EQ(redialer_->WaitForTarget(), seconds(2));
  redialer_->OnAccepted();
  now_ += seconds(2);
  redialer_->OnRefused();
  EXPECT_EQ(redialer_->WaitForTarget(), seconds(1));
}

TEST_F(RedialerTest, ARefusalDoesNotBringForwardWhatTheServerAskedFor) {
  MakeQuick();
  redialer_->PutOff(hours(1));
  redialer_->OnRefused();
  EXPECT_GE(redialer_->WaitForTarget(), hours(1));
}

TEST_F(RedialerTest, BeginsTheBackoffAnewAfterAUsefulCall) {
  Make("unix:/nowhere/a", Waits(milliseconds(1), hours(1), hours(1)));
  for (int i = 0; i < 30; ++i) redialer_->DialAgain(true);  // weeks
  redialer_->OnUseful();
  redialer_->DialAgain(true);
  Await();
  EXPECT_THAT(heard_, ElementsAre("unix:/nowhere/a"));
}

TEST_F(RedialerTest, DialsNoMoreOnceItIsStopped) {
  MakeQuick();
  redialer_->DialAgain(true);
  redialer_->Stop();
  AwaitNothing();
  redialer_->DialAgain(true);
  AwaitNothing();
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(RedialerTest, MayEndWhileItWaits) {
  MakeQuick();
  redialer_->DialAgain(true);
  redialer_.reset();
  AwaitNothing();
  EXPECT_THAT(heard_, IsEmpty());
}

}  // namespace
}  // namespace earshot
