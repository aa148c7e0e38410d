#ifndef EARSHOT_SERVER_SERVER_FIXTURE_H_
#define EARSHOT_SERVER_SERVER_FIXTURE_H_

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bazel/temporary_folder.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/earshot_server.h"

namespace earshot {

using Call = grpc::ClientReaderWriter<v1::PlayRequest, v1::PlayResponse>;
using grpc::StatusCode;

inline constexpr char kStream[] = "vms/test/streams/0";

inline v1::PlayRequest OpenRequest(const std::string& name = kStream) {
  v1::PlayRequest request;
  request.mutable_open()->set_stream(name);
  return request;
}

inline v1::PlayRequest ResumeRequest(const std::string& token, uint64_t epoch) {
  v1::PlayRequest request = OpenRequest();
  request.mutable_open()->set_resume_token(token);
  request.mutable_open()->set_epoch(epoch);
  return request;
}

inline v1::PlayRequest BeginRequest(uint64_t epoch = 1) {
  v1::PlayRequest request;
  v1::Begin& begin = *request.mutable_begin();
  begin.set_epoch(epoch);
  begin.mutable_format()->set_rate_hz(48000);
  begin.mutable_format()->set_channels(1);
  begin.set_codec(v1::CODEC_PCM_S16LE);
  return request;
}

inline v1::PlayRequest PacketRequest(int64_t first_frame, int frames = 480) {
  v1::PlayRequest request;
  v1::Packet& packet = *request.mutable_packet();
  packet.set_first_frame(first_frame);
  packet.set_frame_count(frames);
  packet.set_payload(std::string(static_cast<size_t>(frames) * 2, '\1'));
  return request;
}

inline v1::PlayRequest EndRequest(int64_t end_frame) {
  v1::PlayRequest request;
  request.mutable_end()->set_end_frame(end_frame);
  return request;
}

inline v1::PlayRequest Changed(
    v1::PlayRequest request,
    const std::function<void(v1::PlayRequest&)>& change) {
  change(request);
  return request;
}

inline v1::PlayRequest Request(
    const std::function<void(v1::PlayRequest&)>& change) {
  return Changed({}, change);
}

inline google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  google::rpc::ErrorInfo info;
  int infos = 0;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) ++infos;
  }
  EXPECT_EQ(infos, 1);
  EXPECT_EQ(info.domain(), "earshot.v1");
  return info;
}

// One Play call.
class Player {
 public:
  // `token`: what proves who it is; empty for nothing.
  explicit Player(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& token = "")
      : stub_(v1::PlaybackService::NewStub(channel)) {
    // Who waits for what never comes is to fail.
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::minutes(1));
    if (!token.empty())
      context_.AddMetadata("authorization", "Bearer " + token);
    call_ = stub_->Play(&context_);
  }

  ~Player() { context_.TryCancel(); }

  void Say(const v1::PlayRequest& request) { call_->Write(request); }

  // The next response that is no Progress; false at the end of the call.
  bool Hear(v1::PlayResponse* response) {
    while (call_->Read(response)) {
      if (!response->has_progress()) return true;
    }
    return false;
  }

  // Waits for the end of the call.
  grpc::Status End() {
    v1::PlayResponse response;
    while (call_->Read(&response)) {
    }
    return call_->Finish();
  }

  Call* call() { return call_.get(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::PlaybackService::Stub> stub_;
  std::unique_ptr<Call> call_;
};

class EarshotServerTest : public testing::Test {
 protected:
  void SetUp() override { Start(); }

  void TearDown() override { server_.reset(); }

  ServerOptions Options() const {
    return {*ParseListenAddresses(Address()),
            *SinkFactory::Create("wav:" + folder_ / "recordings"),
            PlayoutConfig(),
            "test",
            open_timeout_,
            resume_timeout_};
  }

  void Start() { Start(Options()); }

  void Start(ServerOptions options) {
    auto server = EarshotServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ =
        grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials());
    admin_ = v1::AdminService::NewStub(channel_);
  }

  std::string Address() const { return "unix:" + folder_ / "s"; }

  grpc::Status Get(const std::string& name, v1::Stream* stream) {
    grpc::ClientContext context;
    v1::GetStreamRequest request;
    request.set_name(name);
    v1::GetStreamResponse response;
    const grpc::Status status = admin_->GetStream(&context, request, &response);
    *stream = response.stream();
    return status;
  }

  // Polls until the stream is as wanted.
  bool Await(const std::function<bool(const v1::Stream&)>& wanted,
             v1::Stream* stream) {
    for (int i = 0; i < 1000; ++i) {
      if (Get(kStream, stream).ok() && wanted(*stream)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  int OpenStreams() {
    grpc::ClientContext context;
    v1::GetServerInfoResponse info;
    EXPECT_TRUE(admin_->GetServerInfo(&context, {}, &info).ok());
    return info.open_streams();
  }

  // Starts the server anew, as the test has changed its options.
  void Restart() { Restart(Options()); }

  void Restart(ServerOptions options) {
    server_.reset();
    Start(std::move(options));
  }

  const TemporaryFolder folder_;
  std::chrono::milliseconds open_timeout_ = std::chrono::minutes(1);
  std::chrono::milliseconds resume_timeout_ = std::chrono::minutes(1);
  std::unique_ptr<EarshotServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SERVER_FIXTURE_H_
