#include "server/admin_service.h"

#include <grpcpp/grpcpp.h>
#include <opus/opus.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/access/call_credentials.h"
#include "server/access/config_file.h"
#include "server/access/permission.h"
#include "server/error_status.h"
#include "server/request_check.h"
#include "server/stream_filter.h"
#include "server/stream_lookup.h"
#include "server/stream_proto.h"
#include "server/unary_call.h"

namespace earshot {
namespace {

constexpr int kDefaultPage = 50;
constexpr int kMaxPage = 1000;
constexpr int kDefaultIntervalMs = 1000;
constexpr int kMinIntervalMs = 100;
constexpr int kMaxIntervalMs = 3'600'000;
constexpr size_t kMaxWatchers = 100;
// When a client whose stream was closed may come back.
constexpr std::chrono::milliseconds kReopen{5000};
// When there may be room for another watcher.
constexpr std::chrono::milliseconds kRewatch{5000};
// How soon a change of state is told.
constexpr std::chrono::milliseconds kLook{50};
// A page token is this, the name that the page before ended with, a line feed
// and the filter, in Base64, so that nobody relies on what is in it.
constexpr char kTokenMark[] = "v1:";

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

v1::ConfigFile ToProto(const ConfigFileState& state) {
  v1::ConfigFile file;
  file.set_path(state.path);
  file.set_role(state.role);
  file.mutable_load_time()->set_seconds(
      std::chrono::system_clock::to_time_t(state.load_time));
  file.set_error(state.error);
  return file;
}

std::string MakePageToken(const std::string& last, const std::string& filter) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kTokenMark, last, "\n", filter));
}

Refusal ReadPageToken(const std::string& token, const std::string& filter,
                      std::string* after) {
  if (token.empty()) return Refusal::None();
  const Refusal bad{Reason::kBadPageToken, "page_token",
                    "it is none that ListStreams gave"};
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return bad;
  const std::string mark = kTokenMark;
  const size_t end = text.find('\n');
  if (text.compare(0, mark.size(), mark) != 0 || end == std::string::npos) {
    return bad;
  }
  *after = text.substr(mark.size(), end - mark.size());
  if (text.compare(end + 1, std::string::npos, filter) == 0) {
    return Refusal::None();
  }
  return {Reason::kBadPageToken, "page_token",
          "it belongs to another filter: the same one must go with each page"};
}

}  // namespace

AdminServiceImpl::AdminServiceImpl(const AccessControl* access,
                                   StreamRegistry* registry,
                                   std::function<bool()> draining,
                                   std::function<bool()> overloaded)
    : access_(access),
      registry_(registry),
      draining_(std::move(draining)),
      overloaded_(std::move(overloaded)),
      thread_([this] { LookForChanges(); }) {}

AdminServiceImpl::~AdminServiceImpl() {
  StopWatching();
  thread_.join();
}

void AdminServiceImpl::StopWatching() {
  std::vector<std::weak_ptr<WatchReactor>> watchers;
  {
    const std::lock_guard lock(watchers_mutex_);
    stopping_ = true;
    watchers.swap(watchers_);
  }
  changed_.notify_all();
  for (const auto& weak : watchers) {
    if (const auto watcher = weak.lock()) {
      watcher->EndCall(ToGrpcStatus(Refusal::ShuttingDown()));
    }
  }
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListStreams(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListStreamsRequest, v1::ListStreamsResponse>(
      *access_, context, *request, response,
      [this](const Caller& caller, const auto& asked, auto* answer) {
        return List(caller, asked, answer);
      });
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetStream(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetStreamRequest, v1::GetStreamResponse>(
      *access_, context, *request, response,
      [this](const Caller& caller, const auto& asked, auto* answer) {
        return Get(caller, asked, answer);
      });
}

grpc::ServerUnaryReactor* AdminServiceImpl::SetVolume(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::SetVolumeRequest, v1::SetVolumeResponse>(
      *access_, context, *request, response,
      [this](const Caller& caller, const auto& asked, auto* answer) {
        return Set(caller, asked, answer);
      });
}

grpc::ServerUnaryReactor* AdminServiceImpl::CloseStream(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::CloseStreamRequest, v1::CloseStreamResponse>(
      *access_, context, *request, response,
      [this](const Caller& caller, const auto& asked, auto* answer) {
        return Close(caller, asked, answer);
      });
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetServerInfo(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetServerInfoRequest, v1::GetServerInfoResponse>(
      *access_, context, *request, response,
      [this](const Caller& caller, const auto&, auto* answer) {
        return Info(caller, answer);
      });
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetIdentity(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetIdentityRequest, v1::GetIdentityResponse>(
      *access_, context, *request, response,
      [&](const Caller& caller, const auto&, auto* answer) {
        return Identity(*context, caller, answer);
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AdminServiceImpl::WatchStreams(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  Caller caller;
  v1::WatchStreamsRequest asked;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = ParseRequest(*request, &asked);
  std::shared_ptr<WatchReactor> watcher;
  if (refusal.ok()) refusal = Watch(caller, asked, &watcher);
  if (refusal.ok()) return watcher.get();
  watcher = WatchReactor::Create(caller, registry_, {});
  watcher->EndCall(ToGrpcStatus(refusal));
  return watcher.get();
}

Refusal AdminServiceImpl::Watch(const Caller& caller,
                                const v1::WatchStreamsRequest& request,
                                std::shared_ptr<WatchReactor>* watcher) {
  Refusal refusal = CheckMaySeeAny(caller);
  if (!refusal.ok()) return refusal;
  const int wanted =
      request.interval_ms() == 0 ? kDefaultIntervalMs : request.interval_ms();
  if (wanted < kMinIntervalMs) {
    return {Reason::kBadRequest, "interval_ms",
            absl::StrCat(wanted, "; at least ", kMinIntervalMs)};
  }
  if (!request.name().empty()) {
    refusal = CheckMaySeeStream(caller, request.name());
    if (!refusal.ok()) return refusal;
  }
  StreamFilter filter;
  refusal =
      StreamFilter::Parse(request.filter(), v1::Stream::descriptor(), &filter);
  if (!refusal.ok()) return refusal;
  const std::lock_guard lock(watchers_mutex_);
  std::erase_if(watchers_, [](const auto& weak) { return weak.expired(); });
  if (stopping_) return Refusal::ShuttingDown();
  if (watchers_.size() >= kMaxWatchers) {
    return {Reason::kTooManyWatchers, "",
            absl::StrCat(kMaxWatchers, " watch already"), kRewatch, "watchers"};
  }
  *watcher = WatchReactor::Create(
      caller, registry_,
      {request.name(), std::move(filter),
       std::chrono::milliseconds(std::min(wanted, kMaxIntervalMs))});
  watchers_.push_back(*watcher);
  changed_.notify_all();
  return Refusal::None();
}

Refusal AdminServiceImpl::Identity(const grpc::CallbackServerContext& context,
                                   const Caller& caller,
                                   v1::GetIdentityResponse* response) const {
  response->set_principal(caller.principal());
  for (const std::string& identity : caller.identities()) {
    response->add_identities(identity);
  }
  for (const std::string& vm : caller.player_vms()) {
    response->add_player_vms(vm);
  }
  for (const std::string& vm : caller.listener_vms()) {
    response->add_listener_vms(vm);
  }
  response->set_is_operator(caller.is_operator());
  response->set_server_version(facts_.version);
  response->set_peer(context.peer());
  response->set_transport(TransportOf(context));
  return Refusal::None();
}

Refusal AdminServiceImpl::Info(const Caller& caller,
                               v1::GetServerInfoResponse* response) const {
  const Refusal refusal = CheckIsOperator(caller, "ask for the server", "");
  if (!refusal.ok()) return refusal;
  response->set_version(facts_.version);
  response->mutable_start_time()->set_seconds(
      std::chrono::system_clock::to_time_t(facts_.start_time));
  response->set_sink(facts_.sink);
  for (const std::string& address : facts_.listen_addresses) {
    response->add_listen_addresses(address);
  }
  int open = 0;
  int playing = 0;
  for (const auto& entry : registry_->OpenEntries()) {
    const SessionState state = entry->session()->Stats(Now()).state;
    ++open;
    if (state == SessionState::kPlaying || state == SessionState::kPriming ||
        state == SessionState::kDraining) {
      ++playing;
    }
  }
  response->set_open_streams(open);
  response->set_playing_streams(playing);
  response->set_grpc_version(grpc::Version());
  response->set_opus_version(opus_get_version_string());
  response->set_draining(draining_());
  response->set_overloaded(overloaded_());
  for (const ConfigFileState& file : facts_.config_files()) {
    *response->add_config_files() = ToProto(file);
  }
  return Refusal::None();
}

Refusal AdminServiceImpl::List(const Caller& caller,
                               const v1::ListStreamsRequest& request,
                               v1::ListStreamsResponse* response) const {
  Refusal refusal = CheckMaySeeAny(caller);
  if (!refusal.ok()) return refusal;
  if (request.page_size() < 0) {
    return {Reason::kBadRequest, "page_size",
            absl::StrCat(request.page_size(), " is negative")};
  }
  StreamFilter filter;
  refusal =
      StreamFilter::Parse(request.filter(), v1::Stream::descriptor(), &filter);
  if (!refusal.ok()) return refusal;
  std::string after;
  refusal = ReadPageToken(request.page_token(), request.filter(), &after);
  if (!refusal.ok()) return refusal;
  const auto size = static_cast<size_t>(
      request.page_size() == 0 ? kDefaultPage
                               : std::min(request.page_size(), kMaxPage));
  const auto may_see = [&caller](const StreamInfo& info) {
    return caller.MaySee(info.vm);
  };
  while (true) {
    // One more, to know whether there is a next page.
    const std::vector<StreamView> views =
        registry_->List(after, size + 1, Now(), may_see);
    for (const StreamView& view : views) {
      v1::Stream stream = ToProto(view);
      if (!filter.Matches(stream)) continue;
      if (static_cast<size_t>(response->streams_size()) == size) {
        response->set_next_page_token(MakePageToken(
            response->streams().rbegin()->name(), request.filter()));
        return Refusal::None();
      }
      *response->add_streams() = std::move(stream);
    }
    if (views.size() <= size) return Refusal::None();
    after = views.back().info.name;
  }
}

Refusal AdminServiceImpl::Get(const Caller& caller,
                              const v1::GetStreamRequest& request,
                              v1::GetStreamResponse* response) const {
  const Refusal refusal = CheckMaySeeStream(caller, request.name());
  if (!refusal.ok()) return refusal;
  const auto view = registry_->Find(request.name(), Now());
  if (!view.has_value()) {
    return NoStream(request.name());
  }
  *response->mutable_stream() = ToProto(*view);
  return Refusal::None();
}

Refusal AdminServiceImpl::Set(const Caller& caller,
                              const v1::SetVolumeRequest& request,
                              v1::SetVolumeResponse* response) {
  std::string vm;
  std::string id;
  Refusal refusal = CheckStreamName(request.name(), "name", &vm, &id);
  if (!refusal.ok()) return refusal;
  refusal = CheckMaySet(caller, vm, "name");
  if (!refusal.ok()) return refusal;
  VolumeSetting volume;
  refusal = CheckVolume(request.has_volume() ? &request.volume() : nullptr,
                        "volume", &volume);
  if (!refusal.ok()) return refusal;
  if (!registry_->SetVolume(request.name(), volume, Now())) {
    return NoStream(request.name());
  }
  spdlog::info("volume set stream={} gain_db={} mute={}", request.name(),
               volume.gain_db, volume.mute);
  *response->mutable_volume() = request.volume();
  return Refusal::None();
}

Refusal AdminServiceImpl::Close(const Caller& caller,
                                const v1::CloseStreamRequest& request,
                                v1::CloseStreamResponse* response) {
  Refusal refusal = CheckMaySeeStream(caller, request.name());
  if (!refusal.ok()) return refusal;
  refusal = CheckIsOperator(caller, "close streams", "name");
  if (!refusal.ok()) return refusal;
  const auto entry = registry_->FindOpen(request.name());
  if (entry == nullptr) return NoStream(request.name());
  *response->mutable_stream() = ToProto(entry->View(Now()));
  entry->Replace({Reason::kClosedByOperator,
                  "",
                  absl::StrCat(caller.principal(), " has closed the stream"),
                  kReopen,
                  {}},
                 Now());
  spdlog::info("stream closed by operator stream={} principal=\"{}\"",
               request.name(), caller.principal());
  return Refusal::None();
}

void AdminServiceImpl::LookForChanges() {
  std::unique_lock lock(watchers_mutex_);
  while (!stopping_) {
    if (watchers_.empty()) {
      changed_.wait(lock, [this] { return stopping_ || !watchers_.empty(); });
      continue;
    }
    std::vector<std::shared_ptr<WatchReactor>> watchers;
    for (const auto& weak : watchers_) {
      if (auto watcher = weak.lock()) watchers.push_back(std::move(watcher));
    }
    lock.unlock();
    for (const auto& watcher : watchers) watcher->Tick(Now());
    watchers.clear();
    lock.lock();
    std::erase_if(watchers_, [](const auto& weak) { return weak.expired(); });
    changed_.wait_for(lock, kLook, [this] { return stopping_; });
  }
}

}  // namespace earshot
