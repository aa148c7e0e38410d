// Who may not, and why.
#include "tests/integration/reason_rig.h"

namespace earshot {
namespace {

constexpr char kPolicy[] = R"(
  grant { principal: ["jwt:alice", "jwt:bob"] player: "test" }
)";

grpc::Status PlayAsNobody(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  return rig.Play({OpenRequest()});
}

grpc::Status AskAsNobody(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  return rig.Ask("GetServerInfo", v1::GetServerInfoRequest());
}

grpc::Status PlayWithNonsense(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  return rig.Play({OpenRequest()}, "nonsense");
}

grpc::Status PlayTooLate(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  return rig.Play({OpenRequest()},
                  rig.TokenOf("alice", std::chrono::minutes(-10)));
}

grpc::Status PlayAsAnotherVm(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  return rig.Play({OpenRequest("vms/other/streams/0")}, rig.TokenOf("alice"));
}

grpc::Status OpenWhatIsAnothers(ReasonRig& rig) {
  rig.UsePolicy(kPolicy);
  const auto kept = rig.Open(OpenRequest(), rig.TokenOf("alice"));
  return rig.Play({OpenRequest()}, rig.TokenOf("bob"));
}

}  // namespace

std::vector<ReasonRow> AccessReasons() {
  constexpr auto kWho = StatusCode::UNAUTHENTICATED;
  constexpr auto kNo = StatusCode::PERMISSION_DENIED;
  return {
      {"NO_CREDENTIALS", "Play", kWho, "open.stream", false, false,
       PlayAsNobody},
      {"NO_CREDENTIALS", "Admin", kWho, "", false, false, AskAsNobody},
      {"BAD_TOKEN", "", kWho, "authorization", false, false, PlayWithNonsense},
      {"TOKEN_EXPIRED", "", kWho, "authorization", false, false, PlayTooLate},
      {"NOT_ALLOWED", "", kNo, "open.stream", false, false, PlayAsAnotherVm},
      {"STREAM_OF_ANOTHER", "", kNo, "open.stream", false, false,
       OpenWhatIsAnothers},
  };
}

}  // namespace earshot
