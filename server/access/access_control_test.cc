#include "server/access/access_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "bazel/temporary_folder.h"

namespace earshot {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

constexpr char kAlicePlays[] =
    "grant { principal: \"token:alice\" player: \"a\" }";
constexpr char kAlicePlaysB[] =
    "grant { principal: \"token:alice\" player: \"b\" }"
    "quotas { max_streams: 7 }";
// Of secret-1.
constexpr char kTokens[] =
    "alice "
    "sha256:f7e7c36e458e80e6b6a2c67d0a9ec09bd718dadd7bfa8d6bf6e7ad526e46c2f7";

class AccessControlTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("policy", kAlicePlays);
    Write("tokens", kTokens);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }

  // In place, as an editor may do it.
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }

  // By a rename.
  void Replace(const std::string& name, const std::string& text) const {
    Write(name + ".new", text);
    fs::rename(Path(name + ".new"), Path(name));
  }

  void Create() {
    auto access =
        AccessControl::Create({Path("policy"), Path("tokens"), "", "", ""});
    ASSERT_TRUE(access.ok()) << access.status();
    access_ = *std::move(access);
  }

  Caller Identify(const std::string& token) const {
    Caller caller;
    EXPECT_TRUE(
        access_->Identify({{"Bearer " + token}, {}, {}}, now_, &caller).ok());
    return caller;
  }

  bool AliceMayPlay(const std::string& vm) const {
    return Identify("secret-1").MayPlay(vm);
  }

  // A change is taken on the second look at it.
  void LookTwice() {
    access_->Look(now_);
    now_ += std::chrono::seconds(1);
    access_->Look(now_);
  }

  std::string PolicyError() const { return access_->files()[0].error; }

  TemporaryFolder folder_;
  std::chrono::system_clock::time_point now_;
  std::unique_ptr<AccessControl> access_;
};

TEST(AccessControlWithoutFilesTest, EverybodyMayDoEverything) {
  const AccessControl access;
  Caller caller;
  EXPECT_TRUE(access.Identify({{}, {"spiffe://a/b"}, {}}, {}, &caller).ok());
  EXPECT_TRUE(caller.MayPlay("a"));
  EXPECT_TRUE(caller.is_operator());
  EXPECT_EQ(caller.principal(), "spiffe://a/b");
  EXPECT_EQ(access.quotas(), Quotas());
  EXPECT_TRUE(access.files().empty());
}

TEST_F(AccessControlTest, JudgesByItsFiles) {
  Create();
  EXPECT_TRUE(AliceMayPlay("a"));
  EXPECT_FALSE(AliceMayPlay("b"));
  Caller caller;
  EXPECT_EQ(access_->Identify({{"Bearer x"}, {}, {}}, now_, &caller).reason,
            Reason::kBadToken);
}

TEST_F(AccessControlTest, DoesNotStartWithAWrongFile) {
  Write("policy", "grant {\n  x: 1 }");
  const auto access =
      AccessControl::Create({Path("policy"), Path("tokens"), "", "", ""});
  EXPECT_THAT(std::string(access.status().message()),
              AllOf(StartsWith("policy " + Path("policy") + ": 2:"),
                    HasSubstr("principal, player, listener, operator")));
}

TEST_F(AccessControlTest, DoesNotStartWithoutAFile) {
  const auto access = AccessControl::Create({"", Path("nowhere"), "", "", ""});
  EXPECT_THAT(std::string(access.status().message()),
              HasSubstr("No such file"));
  EXPECT_THAT(
      std::string(AccessControl::Create({folder_.path(), "", "", "", ""})
                      .status()
                      .message()),
      HasSubstr("no regular file"));
}

TEST_F(AccessControlTest, ReadsAFileThatWasWritten) {
  Create();
  Write("policy", kAlicePlaysB);
  LookTwice();
  EXPECT_FALSE(AliceMayPlay("a"));
  EXPECT_TRUE(AliceMayPlay("b"));
  EXPECT_EQ(access_->quotas().max_streams, 7);
  EXPECT_EQ(access_->files()[0].load_time, now_);
}

TEST_F(AccessControlTest, WaitsUntilAFileIsWhole) {
  Create();
  Write("policy", "");
  access_->Look(now_);
  Write("policy", kAlicePlaysB);
  access_->Look(now_);
  EXPECT_EQ(PolicyError(), "");
  EXPECT_TRUE(AliceMayPlay("a"));
  access_->Look(now_);
  EXPECT_TRUE(AliceMayPlay("b"));
}

TEST_F(AccessControlTest, ReadsAFileThatWasReplaced) {
  Create();
  Replace("policy", kAlicePlaysB);
  LookTwice();
  EXPECT_TRUE(AliceMayPlay("b"));
}

// policy -> ..data/policy, ..data -> ..1, which is swapped for one to ..2.
TEST_F(AccessControlTest, FollowsKubernetesLinks) {
  fs::create_directory(Path("..1"));
  fs::create_directory(Path("..2"));
  Write("..1/policy", kAlicePlays);
  Write("..2/policy", kAlicePlaysB);
  fs::create_symlink("..1", Path("..data"));
  fs::remove(Path("policy"));
  fs::create_symlink("..data/policy", Path("policy"));
  Create();
  EXPECT_TRUE(AliceMayPlay("a"));
  fs::create_symlink("..2", Path("..data.new"));
  fs::rename(Path("..data.new"), Path("..data"));
  fs::remove_all(Path("..1"));
  LookTwice();
  EXPECT_TRUE(AliceMayPlay("b"));
}

TEST_F(AccessControlTest, AWrongFileKeepsTheOldAndSaysSo) {
  Create();
  Replace("policy", "grant { principal: \"alice\" player: \"b\" }");
  LookTwice();
  EXPECT_TRUE(AliceMayPlay("a"));
  EXPECT_FALSE(AliceMayPlay("b"));
  EXPECT_THAT(PolicyError(), StartsWith("1:9: principal: \"alice\""));
  fs::remove(Path("policy"));
  LookTwice();
  EXPECT_THAT(PolicyError(), HasSubstr("No such file"));
  EXPECT_TRUE(AliceMayPlay("a"));
  Write("policy", kAlicePlaysB);
  LookTwice();
  EXPECT_EQ(PolicyError(), "");
  EXPECT_TRUE(AliceMayPlay("b"));
}

TEST_F(AccessControlTest, ReloadWaitsForNothing) {
  Create();
  Write("policy", kAlicePlaysB);
  access_->Reload(now_);
  EXPECT_TRUE(AliceMayPlay("b"));
}

TEST_F(AccessControlTest, LooksByItself) {
  Create();
  access_->StartLooking();
  Replace("policy", kAlicePlaysB);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!AliceMayPlay("b") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(AliceMayPlay("b"));
}

// Each caller is judged by one file or the other.
TEST_F(AccessControlTest, FilesChangeUnderItsCallers) {
  Create();
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([this, &stop] {
      while (!stop) {
        const Caller caller = Identify("secret-1");
        EXPECT_NE(caller.MayPlay("a"), caller.MayPlay("b"));
        (void)access_->quotas();
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    Replace("policy", i % 2 == 0 ? kAlicePlaysB : kAlicePlays);
    access_->Reload(now_);
    (void)access_->files();
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace earshot
