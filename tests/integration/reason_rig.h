#ifndef EARSHOT_TESTS_INTEGRATION_REASON_RIG_H_
#define EARSHOT_TESTS_INTEGRATION_REASON_RIG_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/listen.grpc.pb.h"
#include "server/access/test_issuer.h"
#include "server/server_fixture.h"

namespace earshot {

// A server at which reasons are provoked, as any client could.
class ReasonRig : public EarshotServerTest {
 public:
  // What a test says of a server that is to be another one.
  using EarshotServerTest::Address;
  using EarshotServerTest::Options;
  using EarshotServerTest::Restart;

  // Starts the server anew, with this policy in text format, and with the key
  // that TokenOf() signs with.
  void UsePolicy(const std::string& policy);
  // Of the principal "jwt:SUBJECT".
  std::string TokenOf(const std::string& subject,
                      std::chrono::seconds valid = std::chrono::hours(1)) const;

  // A call of Play, and how it ends. It says no more, and does not close.
  grpc::Status Play(const std::vector<v1::PlayRequest>& requests,
                    const std::string& token = "") const;
  // One that stands once it was answered.
  std::unique_ptr<Player> Open(const v1::PlayRequest& open = OpenRequest(),
                               const std::string& token = "") const;
  // A call of AdminService, or of another one by its whole name.
  grpc::Status Ask(const std::string& method,
                   const google::protobuf::Message& request) const;
  grpc::Status AskAny(const std::string& method,
                      const std::string& request) const;

  // Until there is a stream in that state.
  void AwaitState(v1::StreamState state);
  void AwaitOverload();
  // Goes on beside the test.
  void StartDraining();

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  v1::AdminService::Stub& admin() const { return *admin_; }

 protected:
  void TearDown() override;

 private:
  const TestIssuer issuer_{"EC", "k", 256};
  std::future<bool> drained_;
};

// A way to provoke a reason, and what the client has to see then.
struct ReasonRow {
  std::string reason;
  std::string where;  // if there are several ways
  grpc::StatusCode code;
  // That the ErrorInfo and the BadRequest name; empty: there is no BadRequest.
  std::string field;
  bool has_retry_info;
  bool has_quota_failure;
  std::function<grpc::Status(ReasonRig&)> provoke;
};

// By what they are about; together every reason of the contract.
std::vector<ReasonRow> PlayReasons();
std::vector<ReasonRow> LimitReasons();
std::vector<ReasonRow> AccessReasons();
std::vector<ReasonRow> OperationReasons();

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_REASON_RIG_H_
