#include "client/cli/verbs.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/completion.h"
#include "client/cli/doctor/doctor_verb.h"
#include "client/cli/listen_verb.h"
#include "client/cli/play_verb.h"
#include "client/cli/protoset_verb.h"
#include "client/cli/stream_verbs.h"
#include "client/cli/streams_verb.h"

namespace earshot {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 it did not work, and standard error says why; "
    "2 usage.\n";

std::string Text(const char* text) { return absl::StrCat(text, kExitCodes); }

const std::vector<VerbInfo>& Table() {
  static const auto* const table = new std::vector<VerbInfo>{
      {"play",
       "FILE.wav|-",
       "plays a file at the service, as a VM would",
       "Plays a file at the playback service, at its pace, as a VM would.\n"
       "Opus takes 8, 12, 16, 24 and 48 kHz; other rates are resampled to\n"
       "48 kHz. --codec=pcm takes any rate as it is. Up to 8 channels.\n"
       "Exit codes: 0 all was played, or you stopped it; 1 not all was "
       "played; 2 usage.\n",
       {},
       true,
       MakePlayVerb},
      {"listen",
       "STREAM",
       "plays a stream here, or writes it to a file",
       "Hears a stream of the service, from now on: demo is\n"
       "vms/demo/streams/0, demo/1 vms/demo/streams/1. It plays on this\n"
       "machine, or goes to a file, until Ctrl-C:\n"
       "  earshot listen demo\n"
       "  earshot listen demo --output=demo.opus\n"
       "  earshot listen demo --output=- | mpv -\n"
       "  earshot listen demo --output=- --format=wav | aplay\n"
       "A card plays it as loud as the service does; a file has it as loud as\n"
       "the guest made it, and ends with the stream.\n"
       "What came of it is said at the end. A gap is where sound came too "
       "late\n"
       "for this card, or this machine was too busy to play it; one of the\n"
       "stream itself is where the service had nothing to play, or passed\n"
       "sound over: all who listened heard it.\n"
       "Exit codes: 0 you stopped it, or the stream ended; 1 it did not work,\n"
       "and standard error says why; 2 usage.\n",
       {},
       false,
       MakeListenVerb},
      {"streams",
       "",
       "lists the streams; --watch goes on",
       Text("Lists the streams of the service that you may see: those that\n"
            "are open, and those that ended in the last 10 minutes.\n"
            "  STATE        idle (open, nothing to play), priming (gathers "
            "sound before\n               it begins), playing, paused (by "
            "the guest), draining (plays\n               the rest), closed\n"
            "  LEAD         the delay between guest and listener, as far as "
            "it is known\n"
            "  MARGIN/WANT  how long before it is due sound arrives, and "
            "what the\n               service wants it to be\n"
            "  UNDER        underruns: how often the sound ran out\n"
            "  PPM          by how much the guest's clock is made to run "
            "faster\n"
            "  RTT          the round trip between client and service\n"
            "A wider terminal shows more; what is no terminal gets all.\n"
            "A filter is FIELD OP VALUE, several with AND between; OP is = != "
            "< <= > >=,\nor : for \"contains\". Fields are those of --json, "
            "written like underruns_total,\nlabels.node or "
            "underrun_causes.outage; a state is written PLAYING.\n"),
       {},
       false,
       MakeStreamsVerb},
      {"show",
       "STREAM",
       "says everything about one stream",
       Text("Says everything that the service knows of a stream: demo is\n"
            "vms/demo/streams/0, demo/1 vms/demo/streams/1.\n"),
       {},
       false,
       MakeShowVerb},
      {"volume",
       "STREAM [DB|mute|unmute]",
       "shows or sets how loud it plays",
       Text("Shows how loud a stream is played, or sets it: 0 dB at most, as\n"
            "the guest's mixer does (which then shows it): volume demo -20\n"),
       {},
       false,
       MakeVolumeVerb},
      {"close",
       "STREAM",
       "ends a stream",
       Text("Ends a stream: what the service holds is played. Its client may\n"
            "open it anew some seconds later. For operators.\n"),
       {},
       false,
       MakeCloseVerb},
      {"whoami",
       "",
       "says whom the service takes you for",
       Text("Says whom the service takes you for, and what you may do.\n"),
       {},
       false,
       MakeWhoamiVerb},
      {"doctor",
       "",
       "looks for what is wrong on the way to the service",
       "Looks at everything between here and sound: the server's name, the\n"
       "connection, TLS, gRPC, who you are, health, the round trip, and a\n"
       "stream of 3 s that nobody hears. Says what is wrong and what to do.\n"
       "Use it with the flags of the program that has trouble.\n"
       "Exit codes: 0 all is well, or nearly; 1 something is wrong; 2 usage.\n",
       {},
       false,
       MakeDoctorVerb},
      {"protoset",
       "",
       "writes the .proto files for tools without reflection",
       Text("Writes what a server's reflection tells to a file (a\n"
            "FileDescriptorSet): the service's messages and calls, health,\n"
            "channelz, and the details of errors.\n"
            "  earshot protoset > earshot.protoset\n"
            "  grpcurl -protoset earshot.protoset HOST:PORT "
            "earshot.v1.AdminService/ListStreams\n"),
       {},
       false,
       MakeProtosetVerb},
      {"completion",
       "bash",
       "prints what bash needs to complete this",
       Text("Prints a script for bash, which completes verbs and flags:\n"
            "source <(earshot completion bash)\n"),
       {"bash"},
       false,
       [] { return MakeCompletionVerb(Verbs); }},
  };
  return *table;
}

}  // namespace

VerbTable Verbs() { return Table(); }

std::string UsageOfAll() {
  std::string text =
      "earshot VERB ...\n"
      "Sound of virtual machines, from a command line.\n\n";
  for (const VerbInfo& verb : Verbs()) {
    absl::StrAppend(&text,
                    absl::StrFormat("  %-11s %s\n", verb.name, verb.summary));
  }
  absl::StrAppend(&text,
                  "  help [VERB] this text, or what a verb does, and its "
                  "flags\n\n"
                  "  --help      this text\n"
                  "  --version   the version\n\n"
                  "$EARSHOT_SERVER is the default of --server.\n");
  return text;
}

}  // namespace earshot
