// The policy changes under 50 running streams: none is cut, and new calls are
// judged by the new file.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bazel/temporary_folder.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "tests/integration/any_call.h"
#include "tests/integration/child_process.h"

namespace earshot {
namespace {

constexpr char kServer[] = "server/earshot-server";
constexpr int kStreams = 50;
constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(10);
// Of "old-token" and "new-token".
constexpr char kTokens[] = R"(
old sha256:9bdf10a691a1cfda89d9ff66629d1609ab176cec9b6a3146a8929f28937a9fce
new sha256:348e9df2a42bd6e3c6356ca9c95c5f1fe9a6b3e5cd25f4ae58df0f09049c3209
)";
constexpr char kOldPolicy[] =
    "grant { principal: \"token:old\" player: \"vm*\" operator: true }";
constexpr char kNewPolicy[] =
    "grant { principal: \"token:new\" player: \"vm*\" operator: true }";

// One Play call.
class Stream {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, int number)
      : stub_(v1::PlaybackService::NewStub(channel)) {
    context_.AddMetadata("authorization", "Bearer old-token");
    call_ = stub_->Play(&context_);
    v1::PlayRequest request;
    request.mutable_open()->set_stream(
        absl::StrCat("vms/vm", number, "/streams/0"));
    call_->Write(request);
    v1::Begin& begin = *request.mutable_begin();
    begin.set_epoch(1);
    begin.mutable_format()->set_rate_hz(48000);
    begin.mutable_format()->set_channels(2);
    begin.set_codec(v1::CODEC_PCM_S16LE);
    call_->Write(request);
    request.mutable_silence();
    call_->Write(request);
  }

  ~Stream() { context_.TryCancel(); }

  // Whether the call is alive: it answers, and plays on.
  bool Answers() {
    v1::PlayRequest request;
    request.mutable_ping()->set_id(++pings_);
    if (!call_->Write(request)) return false;
    v1::PlayResponse response;
    while (call_->Read(&response)) {
      if (response.progress().ping_id() == pings_) return true;
    }
    return false;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::PlaybackService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PlayRequest, v1::PlayResponse>>
      call_;
  uint64_t pings_ = 0;
};

class PolicyRotationTest : public testing::Test {
 protected:
  void SetUp() override {
    Replace("policy", kOldPolicy);
    Replace("tokens", kTokens);
    server_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        kServer, "--listen=unix:" + folder_ + "/s",
        "--policy=" + folder_ + "/policy", "--tokens=" + folder_ + "/tokens"});
    ASSERT_TRUE(server_->WaitForLine("server started")) << server_->log();
    channel_ = grpc::CreateChannel("unix:" + folder_ + "/s",
                                   grpc::InsecureChannelCredentials());
  }

  void TearDown() override {
    streams_.clear();
    server_.reset();
  }

  void Replace(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/new") << text;
    std::filesystem::rename(folder_ + "/new", folder_ + "/" + name);
  }

  void StartStreams() {
    for (int i = 0; i < kStreams; ++i) {
      streams_.push_back(std::make_unique<Stream>(channel_, i));
    }
  }

  void ExpectAllAnswer() {
    for (const auto& stream : streams_) EXPECT_TRUE(stream->Answers());
  }

  CallOutcome Ask(const std::string& method, const std::string& token) const {
    return CallAny(channel_, "/earshot.v1.AdminService/" + method, "", token,
                   kPatience);
  }

  bool Await(const std::string& token) const {
    for (int i = 0; i < 1000; ++i) {
      if (Ask("GetServerInfo", token).status.ok()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  v1::GetServerInfoResponse Info(const std::string& token) const {
    const auto admin = v1::AdminService::NewStub(channel_);
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::GetServerInfoResponse info;
    EXPECT_TRUE(admin->GetServerInfo(&context, {}, &info).ok());
    return info;
  }

  std::string OpenError(const std::string& token) const {
    v1::PlayRequest request;
    request.mutable_open()->set_stream("vms/vm0/streams/1");
    return CallAny(channel_, "/earshot.v1.PlaybackService/Play",
                   request.SerializeAsString(), token, kPatience)
        .reason;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  std::unique_ptr<ChildProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

TEST_F(PolicyRotationTest, CutsNoneOf50Streams) {
  StartStreams();
  ExpectAllAnswer();
  Replace("policy", kNewPolicy);
  ASSERT_TRUE(Await("new-token"));
  ExpectAllAnswer();
  const v1::GetServerInfoResponse info = Info("new-token");
  EXPECT_EQ(info.open_streams(), kStreams);
  EXPECT_EQ(info.playing_streams(), kStreams);
  EXPECT_EQ(OpenError("old-token"), "NOT_ALLOWED");
  EXPECT_EQ(OpenError("new-token"), "");
}

TEST_F(PolicyRotationTest, AWrongFileIsToldAndChangesNothing) {
  Replace("policy", "grant {");
  server_->Signal(SIGHUP);
  ASSERT_TRUE(server_->WaitForLine("file refused")) << server_->log();
  const v1::GetServerInfoResponse info = Info("old-token");
  ASSERT_EQ(info.config_files_size(), 2);
  EXPECT_EQ(info.config_files(0).role(), "policy");
  EXPECT_THAT(info.config_files(0).error(), testing::StartsWith("1:"));
  EXPECT_GT(info.config_files(0).load_time().seconds(), 0);
  EXPECT_EQ(info.config_files(1).error(), "");
}

TEST_F(PolicyRotationTest, AStreamStaysWithWhoOpenedIt) {
  Replace("policy",
          "grant { principal: \"token:*\" player: \"vm*\" operator: true }");
  ASSERT_TRUE(Await("new-token"));
  StartStreams();
  ExpectAllAnswer();
  v1::PlayRequest request;
  request.mutable_open()->set_stream("vms/vm0/streams/0");
  EXPECT_EQ(CallAny(channel_, "/earshot.v1.PlaybackService/Play",
                    request.SerializeAsString(), "new-token", kPatience)
                .reason,
            "STREAM_OF_ANOTHER");
  ExpectAllAnswer();
}

}  // namespace
}  // namespace earshot
