// What may be used up, by whom: quotas of the policy, and of the server.
#include <list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/integration/reason_rig.h"

namespace earshot {
namespace {

constexpr char kOther[] = "vms/other/streams/0";
constexpr size_t kMostWatchers = 100;
constexpr size_t kMostListeners = 1000;

void UseQuota(ReasonRig& rig, const std::string& quota) {
  rig.UsePolicy(absl::StrCat(
      R"(grant { principal: ["anonymous", "jwt:*"] player: "*" listener: "*" } )",
      "quotas { ", quota, " }"));
}

grpc::Status OneStreamTooMany(ReasonRig& rig) {
  UseQuota(rig, "max_streams: 1");
  const auto kept = rig.Open();
  return rig.Play({OpenRequest(kOther)});
}

grpc::Status OneStreamTooManyOfAlice(ReasonRig& rig) {
  UseQuota(rig, "max_streams_per_principal: 1");
  const auto kept = rig.Open(OpenRequest(), rig.TokenOf("alice"));
  const auto bob =
      rig.Open(OpenRequest("vms/bob/streams/0"), rig.TokenOf("bob"));
  return rig.Play({OpenRequest(kOther)}, rig.TokenOf("alice"));
}

// Ten at once, one a second.
grpc::Status OneOpenTooMany(ReasonRig& rig) {
  UseQuota(rig, "max_opens_per_second: 1");
  for (int i = 0; i < 10; ++i) {
    rig.Open(OpenRequest(absl::StrCat("vms/v", i, "/streams/0")));
  }
  // It has waited for some of the ten.
  for (int i = 0; i < 1000; ++i) {
    Player player(rig.channel());
    player.Say(OpenRequest(kOther));
    v1::PlayResponse response;
    if (!player.Hear(&response)) return player.End();
  }
  return grpc::Status::OK;
}

grpc::Status OneMessageTooMany(ReasonRig& rig) {
  UseQuota(rig, "max_messages_per_second: 1");
  std::vector<v1::PlayRequest> requests = {OpenRequest()};
  for (uint64_t i = 1; i <= 100; ++i) {
    requests.push_back(Request(
        [i](v1::PlayRequest& request) { request.mutable_ping()->set_id(i); }));
  }
  return rig.Play(requests);
}

grpc::Status OneByteTooMany(ReasonRig& rig) {
  UseQuota(rig, "max_bytes_per_second: 1000");
  return rig.Play({OpenRequest(), BeginRequest(), PacketRequest(0, 2880)});
}

// Each is told of a stream, so that it is known to have been let in.
grpc::Status OneWatcherTooMany(ReasonRig& rig) {
  struct Watcher {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchStreamsResponse>> reader;
  };
  const auto stream = rig.Open();
  std::list<Watcher> watchers(kMostWatchers);
  for (Watcher& watcher : watchers) {
    watcher.reader = rig.admin().WatchStreams(&watcher.context, {});
  }
  v1::WatchStreamsResponse seen;
  for (Watcher& watcher : watchers) EXPECT_TRUE(watcher.reader->Read(&seen));
  const grpc::Status status =
      rig.Ask("WatchStreams", v1::WatchStreamsRequest());
  for (Watcher& watcher : watchers) watcher.context.TryCancel();
  // There is room again, once they are gone.
  grpc::Status again = status;
  for (int i = 0; i < 1000 && !again.ok(); ++i) {
    again = rig.Ask("WatchStreams", v1::WatchStreamsRequest());
  }
  EXPECT_TRUE(again.ok()) << again.error_message();
  return status;
}

// More than one connection may carry calls.
grpc::Status OneListenerTooMany(ReasonRig& rig) {
  struct Listener {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::ListenResponse>> reader;
  };
  const auto stream = rig.Open();
  rig.AwaitState(v1::STREAM_STATE_IDLE);
  grpc::ChannelArguments own_connection;
  own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto second = v1::ListenService::NewStub(grpc::CreateCustomChannel(
      rig.Address(), grpc::InsecureChannelCredentials(), own_connection));
  const auto first = v1::ListenService::NewStub(rig.channel());
  v1::ListenRequest request;
  request.set_name(kStream);
  std::list<Listener> listeners(kMostListeners);
  size_t begun = 0;
  for (Listener& listener : listeners) {
    const auto& stub = ++begun % 2 == 0 ? first : second;
    listener.reader = stub->Listen(&listener.context, request);
  }
  v1::ListenResponse heard;
  for (Listener& listener : listeners) {
    EXPECT_TRUE(listener.reader->Read(&heard));
  }
  const grpc::Status status = rig.AskAny("/earshot.v1.ListenService/Listen",
                                         request.SerializeAsString());
  for (Listener& listener : listeners) listener.context.TryCancel();
  return status;
}

// What ticks take is too much, however little that is.
grpc::Status OpenWhileOverloaded(ReasonRig& rig) {
  ServerOptions options = rig.Options();
  options.load.span = std::chrono::milliseconds(20);
  options.load.hot_busy = options.load.calm_busy = -1;
  rig.Restart(std::move(options));
  const auto kept = rig.Open();
  rig.AwaitOverload();
  return rig.Play({OpenRequest(kOther)});
}

}  // namespace

std::vector<ReasonRow> LimitReasons() {
  constexpr auto kBound = StatusCode::RESOURCE_EXHAUSTED;
  return {
      {"TOO_MANY_STREAMS", "", kBound, "open.stream", true, true,
       OneStreamTooMany},
      {"TOO_MANY_STREAMS_OF_PRINCIPAL", "", kBound, "open.stream", true, true,
       OneStreamTooManyOfAlice},
      {"TOO_MANY_OPENS", "", kBound, "", true, true, OneOpenTooMany},
      {"TOO_MANY_MESSAGES", "", kBound, "", true, true, OneMessageTooMany},
      {"TOO_MANY_BYTES", "", kBound, "", true, true, OneByteTooMany},
      {"TOO_MANY_WATCHERS", "", kBound, "", true, true, OneWatcherTooMany},
      {"TOO_MANY_LISTENERS", "", kBound, "", true, true, OneListenerTooMany},
      {"OVERLOADED", "", StatusCode::UNAVAILABLE, "", true, false,
       OpenWhileOverloaded},
  };
}

}  // namespace earshot
