#include "tests/integration/any_call.h"

#include <grpcpp/generic/generic_stub.h>

#include <vector>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  std::string reason;
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info)) continue;
    if (!reason.empty()) return "several";
    reason = info.reason();
  }
  return reason;
}

std::string TextOf(const grpc::ByteBuffer& bytes) {
  std::string text;
  std::vector<grpc::Slice> slices;
  if (!bytes.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// One step after another: each waits for the one before.
class Steps {
 public:
  ~Steps() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  grpc::CompletionQueue* queue() { return &queue_; }

  // Whether the step that was begun has succeeded.
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

 private:
  grpc::CompletionQueue queue_;
};

}  // namespace

CallOutcome CallAny(const std::shared_ptr<grpc::Channel>& channel,
                    const std::string& method, const std::string& request,
                    const std::string& token,
                    std::chrono::milliseconds patience) {
  Steps steps;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareCall(&context, method, steps.queue());
  void* const tag = call.get();
  const grpc::Slice slice(request);
  grpc::ByteBuffer message(&slice, 1);
  grpc::ByteBuffer response;
  call->StartCall(tag);
  bool heard = false;
  if (steps.Done()) {
    call->WriteLast(message, grpc::WriteOptions(), tag);
    if (steps.Done()) {
      call->Read(&response, tag);
      heard = steps.Done();
    }
  }
  if (heard) context.TryCancel();
  CallOutcome outcome;
  call->Finish(&outcome.status, tag);
  steps.Done();
  if (heard ||
      outcome.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    outcome.status = grpc::Status::OK;
  }
  outcome.reason = ReasonOf(outcome.status);
  outcome.message = outcome.status.error_message();
  if (heard) outcome.response = TextOf(response);
  return outcome;
}

}  // namespace earshot
