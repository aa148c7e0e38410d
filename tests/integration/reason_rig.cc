#include "tests/integration/reason_rig.h"

#include <ctime>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/integration/any_call.h"

namespace earshot {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kLook{5};

// Until it is so.
template <typename Predicate>
void Wait(const char* what, Predicate is_so) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!is_so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

void ReasonRig::UsePolicy(const std::string& policy) {
  std::ofstream(folder_ / "policy") << policy;
  std::ofstream(folder_ / "jwks") << issuer_.Jwks();
  ServerOptions options = Options();
  options.access = {folder_ / "policy", "", folder_ / "jwks", kTestIssuer,
                    kTestAudience};
  Restart(std::move(options));
}

std::string ReasonRig::TokenOf(const std::string& subject,
                               std::chrono::seconds valid) const {
  return issuer_.Sign("ES256",
                      Claims(subject, std::time(nullptr) + valid.count()));
}

grpc::Status ReasonRig::Play(const std::vector<v1::PlayRequest>& requests,
                             const std::string& token) const {
  Player player(channel_, token);
  for (const v1::PlayRequest& request : requests) player.Say(request);
  return player.End();
}

std::unique_ptr<Player> ReasonRig::Open(const v1::PlayRequest& open,
                                        const std::string& token) const {
  auto player = std::make_unique<Player>(channel_, token);
  player->Say(open);
  v1::PlayResponse response;
  EXPECT_TRUE(player->Hear(&response));
  EXPECT_TRUE(response.has_opened());
  return player;
}

grpc::Status ReasonRig::Ask(const std::string& method,
                            const google::protobuf::Message& request) const {
  return AskAny(absl::StrCat("/earshot.v1.AdminService/", method),
                request.SerializeAsString());
}

grpc::Status ReasonRig::AskAny(const std::string& method,
                               const std::string& request) const {
  return CallAny(channel_, method, request, "", kPatience).status;
}

void ReasonRig::AwaitState(v1::StreamState state) {
  Wait("the state", [&] {
    v1::Stream stream;
    return Get(kStream, &stream).ok() && stream.state() == state;
  });
}

void ReasonRig::AwaitOverload() {
  Wait("overload", [&] {
    grpc::ClientContext context;
    v1::GetServerInfoResponse info;
    return admin_->GetServerInfo(&context, {}, &info).ok() && info.overloaded();
  });
}

void ReasonRig::StartDraining() {
  drained_ = std::async(std::launch::async,
                        [this] { return server_->Drain(kPatience); });
}

void ReasonRig::TearDown() {
  if (drained_.valid()) drained_.wait();
  EarshotServerTest::TearDown();
}

}  // namespace earshot
