"""What the service says of a stream."""
from guest.rig.bench import AT_REST, FAR_FROM_HERE
from guest.rig.processes import await_condition


def drained(client, name):
    """How a stream stands once all of it has been played."""
    stream = {}

    def at_rest():
        stream.update(client.call("earshot.v1.AdminService/GetStream", name=name)["stream"])
        return stream["state"] in AT_REST

    await_condition(at_rest, f"{name} is drained", FAR_FROM_HERE, 0.02)
    return stream
