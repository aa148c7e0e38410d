#ifndef EARSHOT_SINKS_SOUND_SERVER_H_
#define EARSHOT_SINKS_SOUND_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace earshot {

// A program that runs until it is stopped; its output goes to files.
class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& words,
                          const std::string& output = "/dev/null");
  ~RunningProgram() { Stop(); }

  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  void Signal(int number) const;
  void Stop();

 private:
  pid_t pid_ = -1;
};

// A sound server for tests, with a null sink "test": real PulseAudio, or
// PipeWire in its stead, in a folder of its own. PULSE_SERVER, HOME and
// XDG_RUNTIME_DIR of this process point at it.
class SoundServer {
 public:
  enum class Kind { kPulseAudio, kPipeWire };

  explicit SoundServer(Kind kind = Kind::kPulseAudio);
  ~SoundServer();

  SoundServer(const SoundServer&) = delete;
  SoundServer& operator=(const SoundServer&) = delete;

  // Whether it is there, in the end.
  bool Start();
  // Ends it at once, as a crash does.
  void Kill() { programs_.clear(); }

  // The main program of the server.
  const RunningProgram& program() const { return *programs_.front(); }
  const std::string& folder() const { return folder_; }
  const std::string& socket() const { return socket_; }
  // Records what the sink plays, as 48 kHz stereo float, until it is given up.
  std::unique_ptr<RunningProgram> Record(const std::string& file) const;
  // What pactl says.
  static std::string Ask(const std::string& words);

 private:
  const Kind kind_;
  std::string folder_;
  std::string socket_;
  std::vector<std::unique_ptr<RunningProgram>> programs_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_SOUND_SERVER_H_
