#include "client/cli/admin_verb.h"

#include <cstdio>

#include "client/cli/defaults.h"
#include "client/cli/json_text.h"
#include "client/cli/stream_name.h"

namespace earshot {

namespace po = boost::program_options;

void AdminVerb::AddFlags(po::options_description& options) {
  connection_.AddTo(options, DefaultServer());
  AddOwnFlags(options);
  options.add_options()("json", po::bool_switch(&json_),
                        "print Protobuf's JSON, for programs");
}

absl::Status AdminVerb::Take(const std::vector<std::string>& words) {
  if (absl::Status status = connection_.Check(); !status.ok()) return status;
  return TakeOwn(words);
}

int AdminVerb::Run() {
  const auto client = AdminClient::Create(connection_);
  if (!client.ok()) {
    Complain(std::string(client.status().message()));
    return kExitUsage;
  }
  return Ask(**client);
}

int AdminVerb::Show(const google::protobuf::Message& message,
                    const std::string& text) {
  if (json_) {
    std::puts(JsonText(message, JsonStyle::kIndented).c_str());
  } else {
    std::fputs(text.c_str(), stdout);
  }
  return kExitOk;
}

absl::StatusOr<std::string> TakeStream(const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return absl::InvalidArgumentError(
        "one stream is needed, such as demo, demo/1 or vms/demo/streams/0; "
        "`earshot streams` lists them");
  }
  return FullStreamName(words[0]);
}

}  // namespace earshot
