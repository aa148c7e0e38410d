#ifndef EARSHOT_CLIENT_CLI_ADMIN_VERB_H_
#define EARSHOT_CLIENT_CLI_ADMIN_VERB_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "client/cli/admin_client.h"
#include "client/cli/verb.h"
#include "client/connection_flags.h"

namespace earshot {

// A verb that asks the service: where it is, and --json, are read here.
class AdminVerb : public Verb {
 public:
  void AddFlags(boost::program_options::options_description& options) override;
  absl::Status Take(const std::vector<std::string>& words) override;
  int Run() override;

 protected:
  // Flags of the verb itself.
  virtual void AddOwnFlags(boost::program_options::options_description&) {}
  virtual absl::Status TakeOwn(const std::vector<std::string>& words) = 0;
  virtual int Ask(AdminClient& client) = 0;

  // Prints it, and returns the exit code: as JSON, if that was asked for.
  int Show(const google::protobuf::Message& message, const std::string& text);
  bool json() const { return json_; }

 private:
  ConnectionFlags connection_;
  bool json_ = false;
};

// One word, which is a stream.
absl::StatusOr<std::string> TakeStream(const std::vector<std::string>& words);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_ADMIN_VERB_H_
