#include "client/cli/stream_verbs.h"

#include <cmath>
#include <ctime>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/admin_verb.h"
#include "client/cli/identity_text.h"
#include "client/cli/stream_text.h"

namespace earshot {
namespace {

class ShowVerb : public AdminVerb {
  absl::Status TakeOwn(const std::vector<std::string>& words) override {
    auto name = TakeStream(words);
    if (name.ok()) request_.set_name(*name);
    return name.status();
  }
  int Ask(AdminClient& client) override {
    v1::GetStreamResponse response;
    const grpc::Status status =
        client.Call(&AdminClient::Stub::GetStream, request_, &response);
    if (!status.ok()) return client.Fail(status);
    return Show(response.stream(),
                StreamText(response.stream(), std::time(nullptr)));
  }

  v1::GetStreamRequest request_;
};

class CloseVerb : public AdminVerb {
  absl::Status TakeOwn(const std::vector<std::string>& words) override {
    auto name = TakeStream(words);
    if (name.ok()) request_.set_name(*name);
    return name.status();
  }
  int Ask(AdminClient& client) override {
    v1::CloseStreamResponse response;
    const grpc::Status status =
        client.Call(&AdminClient::Stub::CloseStream, request_, &response);
    if (!status.ok()) return client.Fail(status);
    return Show(response.stream(),
                absl::StrCat(request_.name(),
                             " is closed; what the server holds is played\n"));
  }

  v1::CloseStreamRequest request_;
};

// What follows the stream's name: how its volume changes.
absl::Status ChangeVolume(const std::string& word, v1::Volume* volume) {
  double gain_db = 0;
  if (word == "mute" || word == "unmute") {
    volume->set_mute(word == "mute");
  } else if (absl::SimpleAtod(word, &gain_db) && std::isfinite(gain_db) &&
             gain_db <= 0) {
    volume->set_gain_db(gain_db);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", word,
                     "\": allowed are a number of dB, 0 at most, such as -20, "
                     "and mute and unmute"));
  }
  return absl::OkStatus();
}

class VolumeVerb : public AdminVerb {
  absl::Status TakeOwn(const std::vector<std::string>& words) override {
    if (words.size() == 2) {
      change_ = words[1];
      v1::Volume volume;
      absl::Status status = ChangeVolume(change_, &volume);
      if (!status.ok()) return status;
    } else if (words.size() != 1) {
      return absl::InvalidArgumentError(
          "a stream is needed, and how loud it is to be, such as demo -20");
    }
    auto name = TakeStream({words[0]});
    if (name.ok()) name_ = *name;
    return name.status();
  }
  int Ask(AdminClient& client) override {
    v1::GetStreamRequest get;
    get.set_name(name_);
    v1::GetStreamResponse stream;
    grpc::Status status =
        client.Call(&AdminClient::Stub::GetStream, get, &stream);
    v1::Volume volume = stream.stream().volume();
    if (status.ok() && !change_.empty()) {
      v1::SetVolumeRequest set;
      set.set_name(name_);
      *set.mutable_volume() = volume;
      (void)ChangeVolume(change_, set.mutable_volume());
      v1::SetVolumeResponse response;
      status = client.Call(&AdminClient::Stub::SetVolume, set, &response);
      volume = response.volume();
    }
    if (!status.ok()) return client.Fail(status);
    return Show(volume, absl::StrCat(name_, ": ", VolumeText(volume), "\n"));
  }

  std::string name_;
  std::string change_;  // empty: none
};

class WhoamiVerb : public AdminVerb {
  absl::Status TakeOwn(const std::vector<std::string>& words) override {
    return TakeNothing(words);
  }
  int Ask(AdminClient& client) override {
    v1::GetIdentityResponse identity;
    const grpc::Status status = client.Call(
        &AdminClient::Stub::GetIdentity, v1::GetIdentityRequest(), &identity);
    if (!status.ok()) return client.Fail(status);
    return Show(identity, IdentityText(identity, client.server()));
  }
};

}  // namespace

std::unique_ptr<Verb> MakeShowVerb() { return std::make_unique<ShowVerb>(); }
std::unique_ptr<Verb> MakeCloseVerb() { return std::make_unique<CloseVerb>(); }
std::unique_ptr<Verb> MakeVolumeVerb() {
  return std::make_unique<VolumeVerb>();
}
std::unique_ptr<Verb> MakeWhoamiVerb() {
  return std::make_unique<WhoamiVerb>();
}

}  // namespace earshot
