// What operators ask for, and what they and the server itself bring about.
#include "tests/integration/reason_rig.h"

namespace earshot {
namespace {

grpc::Status ListWithFilter(ReasonRig& rig) {
  v1::ListStreamsRequest request;
  request.set_filter("state = ON");
  return rig.Ask("ListStreams", request);
}

grpc::Status WatchWithFilter(ReasonRig& rig) {
  v1::WatchStreamsRequest request;
  request.set_filter("state = ON");
  return rig.Ask("WatchStreams", request);
}

grpc::Status ListWithPageToken(ReasonRig& rig) {
  v1::ListStreamsRequest request;
  request.set_page_token("7");
  return rig.Ask("ListStreams", request);
}

grpc::Status GetNoStream(ReasonRig& rig) {
  v1::GetStreamRequest request;
  request.set_name(kStream);
  return rig.Ask("GetStream", request);
}

grpc::Status GetNoServer(ReasonRig& rig) {
  return rig.AskAny("/grpc.channelz.v1.Channelz/GetServer", "");
}

grpc::Status AskForWhatThereIsNot(ReasonRig& rig) {
  return rig.AskAny("/earshot.v1.AdminService/Guess", "");
}

grpc::Status OpenTwice(ReasonRig& rig) {
  const auto first = rig.Open();
  const auto second = rig.Open();
  return first->End();
}

grpc::Status GoOnElsewhere(ReasonRig& rig) {
  Player first(rig.channel());
  first.Say(OpenRequest());
  v1::PlayResponse opened;
  EXPECT_TRUE(first.Hear(&opened));
  const auto second =
      rig.Open(ResumeRequest(opened.opened().resume_token(), 0));
  return first.End();
}

grpc::Status CloseByHand(ReasonRig& rig) {
  const auto player = rig.Open();
  v1::CloseStreamRequest request;
  request.set_name(kStream);
  EXPECT_TRUE(rig.Ask("CloseStream", request).ok());
  return player->End();
}

// A stream that keeps a server that drains.
std::unique_ptr<Player> KeepFromDraining(ReasonRig& rig) {
  auto player = rig.Open();
  player->Say(BeginRequest());
  player->Say(PacketRequest(0));
  rig.AwaitState(v1::STREAM_STATE_PRIMING);
  rig.StartDraining();
  v1::PlayResponse response;
  EXPECT_TRUE(player->Hear(&response));
  EXPECT_TRUE(response.has_go_away());
  return player;
}

grpc::Status OpenWhileDraining(ReasonRig& rig) {
  const auto kept = KeepFromDraining(rig);
  return rig.Play({OpenRequest("vms/other/streams/0")});
}

grpc::Status BeginWhileDraining(ReasonRig& rig) {
  const auto player = KeepFromDraining(rig);
  player->Say(EndRequest(480));
  player->Say(BeginRequest(2));
  return player->End();
}

grpc::Status BeIdleWhileDraining(ReasonRig& rig) {
  const auto player = rig.Open();
  rig.StartDraining();
  return player->End();
}

grpc::Status WatchWhileDraining(ReasonRig& rig) {
  const auto player = rig.Open();
  grpc::ClientContext context;
  const auto watch = rig.admin().WatchStreams(&context, {});
  v1::WatchStreamsResponse seen;
  EXPECT_TRUE(watch->Read(&seen));
  rig.StartDraining();
  while (watch->Read(&seen)) {
  }
  return watch->Finish();
}

}  // namespace

std::vector<ReasonRow> OperationReasons() {
  constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
  constexpr auto kAway = StatusCode::UNAVAILABLE;
  return {
      {"BAD_FILTER", "List", kInvalid, "filter", false, false, ListWithFilter},
      {"BAD_FILTER", "Watch", kInvalid, "filter", false, false,
       WatchWithFilter},
      {"BAD_PAGE_TOKEN", "", kInvalid, "page_token", false, false,
       ListWithPageToken},
      {"STREAM_NOT_FOUND", "", StatusCode::NOT_FOUND, "name", false, false,
       GetNoStream},
      {"CHANNELZ_NOT_FOUND", "", StatusCode::NOT_FOUND, "server_id", false,
       false, GetNoServer},
      {"UNKNOWN_METHOD", "", StatusCode::UNIMPLEMENTED, "", false, false,
       AskForWhatThereIsNot},
      {"TAKEN_OVER", "Opened", StatusCode::ABORTED, "open.stream", false, false,
       OpenTwice},
      {"TAKEN_OVER", "Resumed", StatusCode::ABORTED, "open.stream", false,
       false, GoOnElsewhere},
      {"CLOSED_BY_OPERATOR", "", StatusCode::ABORTED, "", true, false,
       CloseByHand},
      // None says when to come back: another server may be there already.
      {"SHUTTING_DOWN", "Open", kAway, "", false, false, OpenWhileDraining},
      {"SHUTTING_DOWN", "Begin", kAway, "", false, false, BeginWhileDraining},
      {"SHUTTING_DOWN", "Idle", kAway, "", false, false, BeIdleWhileDraining},
      {"SHUTTING_DOWN", "Watch", kAway, "", false, false, WatchWhileDraining},
  };
}

}  // namespace earshot
