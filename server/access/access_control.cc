#include "server/access/access_control.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "server/access/identity.h"

namespace earshot {
namespace {

// A change is read when it was seen unchanged twice: within a second.
constexpr std::chrono::milliseconds kLook{500};

}  // namespace

absl::StatusOr<std::unique_ptr<AccessControl>> AccessControl::Create(
    AccessOptions options) {
  std::unique_ptr<AccessControl> access(new AccessControl(std::move(options)));
  const absl::Status status = access->ReadAll();
  if (!status.ok()) return status;
  return access;
}

AccessControl::AccessControl(AccessOptions options)
    : options_(std::move(options)) {
  AddFiles();
}

AccessControl::~AccessControl() {
  {
    const std::lock_guard lock(stop_mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (looking_.joinable()) looking_.join();
}

void AccessControl::AddFiles() {
  // Makes of a file's text what is used, and uses it.
  const auto add = [this](const char* role, const std::string& path, auto make,
                          auto* in_use) {
    if (path.empty()) return;
    files_.emplace_back(role, path,
                        [this, make, in_use](const std::string& text) {
                          auto made = make(text);
                          if (!made.ok()) return made.status();
                          const std::lock_guard lock(in_use_mutex_);
                          *in_use = *std::move(made);
                          return absl::OkStatus();
                        });
  };
  add("policy", options_.policy, &Policy::Parse, &policy_);
  add("tokens", options_.tokens, &TokenFile::Parse, &tokens_);
  add(
      "jwks", options_.jwks,
      [this](const std::string& text) {
        return JwtVerifier::Create(text, options_.jwt_issuer,
                                   options_.jwt_audience);
      },
      &jwts_);
}

absl::Status AccessControl::ReadAll() {
  const std::lock_guard lock(files_mutex_);
  std::vector<std::string> errors;
  for (ConfigFile& file : files_) {
    const absl::Status status = file.Read(std::chrono::system_clock::now());
    if (!status.ok()) errors.emplace_back(status.message());
  }
  return errors.empty()
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
}

Refusal AccessControl::Identify(const grpc::ServerContextBase& call,
                                Caller* caller) const {
  return Identify(CredentialsOf(call), std::chrono::system_clock::now(),
                  caller);
}

Refusal AccessControl::Identify(const CallCredentials& credentials,
                                SystemTime now, Caller* caller) const {
  std::vector<std::string> identities;
  Refusal refusal = FindIdentities(credentials, tokens().get(), jwts().get(),
                                   now, &identities);
  if (!refusal.ok()) return refusal;
  const std::shared_ptr<const Policy> policy = this->policy();
  *caller = policy == nullptr ? Caller::Unlimited(std::move(identities))
                              : policy->Admit(std::move(identities));
  return refusal;
}

Quotas AccessControl::quotas() const {
  const std::shared_ptr<const Policy> policy = this->policy();
  return policy == nullptr ? Quotas() : policy->quotas();
}

void AccessControl::StartLooking() {
  if (files_.empty()) return;
  looking_ = std::thread([this] {
    std::unique_lock lock(stop_mutex_);
    while (!stopped_.wait_for(lock, kLook, [this] { return stop_; })) {
      lock.unlock();
      Look(std::chrono::system_clock::now());
      lock.lock();
    }
  });
}

void AccessControl::Look(SystemTime now) {
  const std::lock_guard lock(files_mutex_);
  for (ConfigFile& file : files_) file.Look(now);
}

void AccessControl::Reload(SystemTime now) {
  const std::lock_guard lock(files_mutex_);
  for (ConfigFile& file : files_) file.Reload(now);
}

std::vector<ConfigFileState> AccessControl::files() const {
  const std::lock_guard lock(files_mutex_);
  std::vector<ConfigFileState> states;
  for (const ConfigFile& file : files_) states.push_back(file.state());
  return states;
}

std::shared_ptr<const Policy> AccessControl::policy() const {
  const std::lock_guard lock(in_use_mutex_);
  return policy_;
}

std::shared_ptr<const TokenFile> AccessControl::tokens() const {
  const std::lock_guard lock(in_use_mutex_);
  return tokens_;
}

std::shared_ptr<const JwtVerifier> AccessControl::jwts() const {
  const std::lock_guard lock(in_use_mutex_);
  return jwts_;
}

}  // namespace earshot
