"""What can go wrong. Each is a function of a Bench that returns when the fault
is over: what follows is the recovery."""
import signal

from .network import FAR


def blackout(seconds):
    """Nothing passes in either direction."""
    def strike(bench):
        bench.network.set("loss", 100)
        bench.wait(seconds)
        bench.network.set("loss", bench.scenario.wire.get("loss", 0))
    return strike


def kill(restart_after):
    """kill -9 of the server; another one comes to the same address."""
    def strike(bench):
        bench.kill_server("a")
        bench.wait(restart_after)
        bench.start_server("a")
    return strike


def hand_over(bench):
    """The server is asked to end; another one is there already."""
    bench.servers["a"].send_signal(signal.SIGTERM)


def reset(bench):
    """The connection is reset from the server's side."""
    bench.network.run(FAR, "ss", "--kill", "--no-header", "--tcp", "state", "established",
                      "sport", "=", ":50051")


def freeze(seconds):
    """The server gets no processor."""
    def strike(bench):
        server = bench.servers["a"]
        server.send_signal(signal.SIGSTOP)
        try:
            bench.wait(seconds)
        finally:
            server.send_signal(signal.SIGCONT)
    return strike


def restart_sound_server(after):
    """The sound server ends; another one comes to the same socket."""
    def strike(bench):
        bench.sound_server.close()
        bench.wait(after)
        bench.sound_server.start()
    return strike
