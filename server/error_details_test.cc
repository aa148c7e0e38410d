// Errors that a client sees, over gRPC: each has its details, also where gRPC
// itself would refuse, and reflection describes them.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/refusal.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using testing::HasSubstr;

ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return ByteBuffer(&slice, 1);
}

std::string TextOf(const ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!bytes.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

class ErrorDetailsTest : public EarshotServerTest {
 protected:
  grpc::Status Ask(const char* method, const std::string& request) {
    grpc::ClientContext context;
    ByteBuffer response;
    return grpc::internal::BlockingUnaryCall<ByteBuffer, ByteBuffer>(
        channel_.get(), RpcMethod(method, RpcMethod::NORMAL_RPC), &context,
        Bytes(request), &response);
  }

  // Says one message on a stream, and returns the first answer.
  grpc::Status Say(const char* method, const std::string& request,
                   std::string* answer) {
    grpc::ClientContext context;
    const RpcMethod rpc(method, RpcMethod::BIDI_STREAMING);
    const std::unique_ptr<grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>>
        call(grpc::internal::ClientReaderWriterFactory<
             ByteBuffer, ByteBuffer>::Create(channel_.get(), rpc, &context));
    call->Write(Bytes(request));
    call->WritesDone();
    ByteBuffer response;
    if (call->Read(&response)) *answer = TextOf(response);
    while (call->Read(&response)) {
    }
    return call->Finish();
  }

  // What reflection says of a symbol.
  std::string Describe(const std::string& symbol) {
    std::string request = "\x22";  // file_containing_symbol
    request += static_cast<char>(symbol.size());
    std::string answer;
    const grpc::Status status =
        Say("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request + symbol, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer;
  }
};

TEST_F(ErrorDetailsTest, AnUnknownMethodIsNamed) {
  for (const char* method :
       {"/earshot.v1.AdminService/Guess", "/some.Service/Method",
        "/earshot.v1.PlaybackService/play", "/nothing", "//"}) {
    const grpc::Status status = Ask(method, "");
    EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED) << method;
    EXPECT_EQ(ErrorInfoOf(status).reason(), "UNKNOWN_METHOD") << method;
    EXPECT_THAT(status.error_message(), HasSubstr(method));
  }
  std::string answer;
  const grpc::Status status = Say("/a.B/C", "x", &answer);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "UNKNOWN_METHOD");
}

TEST_F(ErrorDetailsTest, HealthAndReflectionAnswerAllTheSame) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(health->Check(&context, {}, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_THAT(Describe("earshot.v1.AdminService"), HasSubstr("GetIdentity"));
}

TEST_F(ErrorDetailsTest, ReflectionDescribesWhatIsInErrors) {
  for (const char* symbol :
       {"google.rpc.ErrorInfo", "google.rpc.RetryInfo",
        "google.rpc.QuotaFailure", "google.rpc.BadRequest"}) {
    EXPECT_THAT(Describe(symbol), HasSubstr("google/rpc/error_details.proto"))
        << symbol;
  }
  EXPECT_THAT(Describe("google.rpc.Status"), HasSubstr("details"));
  EXPECT_THAT(Describe("grpc.channelz.v1.Channelz"), HasSubstr("GetServers"));
}

TEST_F(ErrorDetailsTest, WhatIsNoMessageIsRefusedByEveryMethod) {
  const std::string garbage = "\xff\xff\xff";
  for (const char* method : {"/earshot.v1.AdminService/ListStreams",
                             "/earshot.v1.AdminService/GetStream",
                             "/earshot.v1.AdminService/WatchStreams",
                             "/earshot.v1.AdminService/SetVolume",
                             "/earshot.v1.AdminService/CloseStream",
                             "/earshot.v1.AdminService/GetServerInfo",
                             "/earshot.v1.AdminService/GetIdentity",
                             "/earshot.v1.PlaybackService/Play",
                             "/grpc.channelz.v1.Channelz/GetServers",
                             "/grpc.channelz.v1.Channelz/GetSocket"}) {
    std::string answer;
    const grpc::Status status = Say(method, garbage, &answer);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << method;
    EXPECT_EQ(ErrorInfoOf(status).reason(), "BAD_REQUEST") << method;
  }
}

TEST_F(ErrorDetailsTest, WhatIsTooLargeIsRefusedByEveryMethod) {
  const std::string large(300'000, '\0');
  for (const char* method : {"/earshot.v1.AdminService/GetStream",
                             "/earshot.v1.AdminService/WatchStreams",
                             "/grpc.channelz.v1.Channelz/GetServers"}) {
    std::string answer;
    const grpc::Status status = Say(method, large, &answer);
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << method;
    EXPECT_EQ(ErrorInfoOf(status).reason(), "MESSAGE_TOO_LARGE") << method;
  }
  v1::PlayRequest request;
  request.mutable_packet()->set_payload(large);
  Player player(channel_);
  player.Say(request);
  const grpc::Status status = player.End();
  EXPECT_EQ(ErrorInfoOf(status).reason(), "MESSAGE_TOO_LARGE");
}

TEST_F(ErrorDetailsTest, WhatGrpcItselfRefusesForItsSizeHasNoReason) {
  std::string answer;
  const grpc::Status status = Say("/earshot.v1.AdminService/GetStream",
                                  std::string(2 << 20, '\0'), &answer);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_details(), "");
}

// gRPC 1.51 gives no details then: this is here to find out when that changes.
TEST_F(ErrorDetailsTest, BeyondAMegabyteItIsGrpcThatRefuses) {
  const grpc::Status status =
      Ask("/earshot.v1.AdminService/GetStream", std::string(2'000'000, '\0'));
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ErrorDetailsTest, TheContractListsEveryReasonAtItsCode) {
  std::ifstream file("proto/earshot/v1/playback.proto");
  const std::string proto{std::istreambuf_iterator<char>(file), {}};
  const size_t begin = proto.find("Reasons never change:");
  ASSERT_NE(begin, std::string::npos);
  const std::string list =
      proto.substr(begin, proto.find("service PlaybackService") - begin);
  std::set<std::string> listed;
  std::string code;
  // A code ends with a colon, all else is a reason.
  const std::regex word("([A-Z_]{5,})(:?)");
  for (std::sregex_iterator it(list.begin(), list.end(), word), end; it != end;
       ++it) {
    const std::string name = (*it)[1].str();
    if ((*it)[2].length() > 0) {
      code = name;
    } else {
      listed.insert(code + " " + name);
    }
  }
  std::set<std::string> known;
  for (size_t i = 1; i < kReasonCount; ++i) {
    const ReasonInfo& info = earshot::Describe(static_cast<Reason>(i));
    known.insert(absl::StatusCodeToString(info.code) + " " + info.name);
  }
  EXPECT_EQ(listed, known);
}

}  // namespace
}  // namespace earshot
