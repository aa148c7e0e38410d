#include "server/admin_service.h"

#include <grpcpp/grpcpp.h>
#include <opus/opus.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/error_status.h"
#include "server/request_check.h"
#include "server/stream_proto.h"

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
// How soon a change of state is told.
constexpr std::chrono::milliseconds kLook{50};
// A page token is this and the name that the page before ended with, in
// Base64, so that nobody relies on what is in it.
constexpr char kTokenMark[] = "v1:";

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const Refusal& refusal) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(refusal));
  return reactor;
}

Refusal NoStream(const std::string& name) {
  return {Reason::kNotFound, "name", absl::StrCat("no stream ", name)};
}

Refusal NotAllowed(const Caller& caller, absl::string_view field,
                   absl::string_view what) {
  return {Reason::kNotAllowed, std::string(field),
          absl::StrCat(caller.principal(), " may not ", what)};
}

// Checks a stream's name, and that the caller may see it.
Refusal CheckMaySee(const Caller& caller, const std::string& name) {
  std::string vm;
  std::string id;
  const Refusal refusal = CheckStreamName(name, "name", &vm, &id);
  if (!refusal.ok()) return refusal;
  if (caller.MaySee(vm)) return Refusal::None();
  return NotAllowed(caller, "name", absl::StrCat("see the VM ", vm));
}

bool ReadPageToken(const std::string& token, std::string* after) {
  if (token.empty()) return true;
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return false;
  const std::string mark = kTokenMark;
  if (text.compare(0, mark.size(), mark) != 0) return false;
  *after = text.substr(mark.size());
  std::string vm;
  std::string id;
  return CheckStreamName(*after, "page_token", &vm, &id).ok();
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
      thread_([this] { Watch(); }) {}

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
      watcher->EndCall(ToGrpcStatus(
          {Reason::kShuttingDown, "", "the server is going down"}));
    }
  }
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListStreams(
    grpc::CallbackServerContext* context, const v1::ListStreamsRequest* request,
    v1::ListStreamsResponse* response) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = List(caller, *request, response);
  return Answer(context, refusal);
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetStream(
    grpc::CallbackServerContext* context, const v1::GetStreamRequest* request,
    v1::GetStreamResponse* response) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = Get(caller, *request, response);
  return Answer(context, refusal);
}

grpc::ServerWriteReactor<v1::WatchStreamsResponse>*
AdminServiceImpl::WatchStreams(grpc::CallbackServerContext* context,
                               const v1::WatchStreamsRequest* request) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  const int wanted =
      request->interval_ms() == 0 ? kDefaultIntervalMs : request->interval_ms();
  auto watcher =
      WatchReactor::Create(caller, registry_, request->name(),
                           std::chrono::milliseconds(std::clamp(
                               wanted, kMinIntervalMs, kMaxIntervalMs)));
  if (refusal.ok() && wanted < kMinIntervalMs) {
    refusal = {Reason::kBadRequest, "interval_ms",
               absl::StrCat(wanted, "; at least ", kMinIntervalMs)};
  } else if (refusal.ok() && !request->name().empty()) {
    refusal = CheckMaySee(caller, request->name());
  }
  if (refusal.ok()) {
    const std::lock_guard lock(watchers_mutex_);
    std::erase_if(watchers_, [](const auto& weak) { return weak.expired(); });
    if (stopping_) {
      refusal = {Reason::kShuttingDown, "", "the server is going down"};
    } else if (watchers_.size() >= kMaxWatchers) {
      refusal = {Reason::kTooManyWatchers, "",
                 absl::StrCat(kMaxWatchers, " watch already")};
    } else {
      watchers_.push_back(watcher);
      changed_.notify_all();
    }
  }
  if (!refusal.ok()) watcher->EndCall(ToGrpcStatus(refusal));
  return watcher.get();
}

grpc::ServerUnaryReactor* AdminServiceImpl::SetVolume(
    grpc::CallbackServerContext* context, const v1::SetVolumeRequest* request,
    v1::SetVolumeResponse* response) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = Set(caller, *request, response);
  return Answer(context, refusal);
}

grpc::ServerUnaryReactor* AdminServiceImpl::CloseStream(
    grpc::CallbackServerContext* context, const v1::CloseStreamRequest* request,
    v1::CloseStreamResponse* response) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) refusal = Close(caller, *request, response);
  return Answer(context, refusal);
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetServerInfo(
    grpc::CallbackServerContext* context, const v1::GetServerInfoRequest*,
    v1::GetServerInfoResponse* response) {
  Caller caller;
  Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok() && !caller.is_operator()) {
    refusal = NotAllowed(caller, "", "ask for the server: he is no operator");
  }
  if (refusal.ok()) Info(response);
  return Answer(context, refusal);
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetIdentity(
    grpc::CallbackServerContext* context, const v1::GetIdentityRequest*,
    v1::GetIdentityResponse* response) {
  Caller caller;
  const Refusal refusal = access_->Identify(*context, &caller);
  if (refusal.ok()) {
    response->set_principal(caller.principal());
    for (const std::string& identity : caller.identities()) {
      response->add_identities(identity);
    }
    response->set_is_operator(caller.is_operator());
    response->set_server_version(facts_.version);
    response->set_peer(context->peer());
  }
  return Answer(context, refusal);
}

void AdminServiceImpl::Info(v1::GetServerInfoResponse* response) const {
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
}

Refusal AdminServiceImpl::List(const Caller& caller,
                               const v1::ListStreamsRequest& request,
                               v1::ListStreamsResponse* response) const {
  if (request.page_size() < 0) {
    return {Reason::kBadRequest, "page_size",
            absl::StrCat(request.page_size(), " is negative")};
  }
  std::string after;
  if (!ReadPageToken(request.page_token(), &after)) {
    return {Reason::kBadPageToken, "page_token",
            "it is none that ListStreams gave"};
  }
  const auto size = static_cast<size_t>(
      request.page_size() == 0 ? kDefaultPage
                               : std::min(request.page_size(), kMaxPage));
  // One more, to know whether there is a next page.
  std::vector<StreamView> views = registry_->List(
      after, size + 1, Now(),
      [&caller](const StreamInfo& info) { return caller.MaySee(info.vm); });
  const bool more = views.size() > size;
  if (more) views.pop_back();
  for (const StreamView& view : views) *response->add_streams() = ToProto(view);
  if (more) {
    response->set_next_page_token(absl::WebSafeBase64Escape(
        absl::StrCat(kTokenMark, views.back().info.name)));
  }
  return Refusal::None();
}

Refusal AdminServiceImpl::Get(const Caller& caller,
                              const v1::GetStreamRequest& request,
                              v1::GetStreamResponse* response) const {
  const Refusal refusal = CheckMaySee(caller, request.name());
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
  if (!caller.is_operator() && !caller.MayPlay(vm)) {
    return NotAllowed(caller, "name", absl::StrCat("set the volume of ", vm));
  }
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
  Refusal refusal = CheckMaySee(caller, request.name());
  if (!refusal.ok()) return refusal;
  if (!caller.is_operator()) {
    return NotAllowed(caller, "name", "close streams: he is no operator");
  }
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

void AdminServiceImpl::Watch() {
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
