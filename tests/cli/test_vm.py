# SPDX-License-Identifier: MIT
"""panthor-bo on a kernel with vpanthor, in two virtual machines: with swap and without."""
import os
import shlex
import subprocess
import tempfile

from tap import document, equal, main, test

MIB = 1 << 20
LABEL = "panthor-bo stress"

# Each step leaves NAME.json or NAME.txt and its exit status. Nothing waits for time to pass: a load
# is there when gems lists it, and gone when gems does not.
SWAP_SCRIPT = f"""
step() {{ name=$1; shift; "$@" >/out/$name.out 2>/out/$name.err; echo "$name $?" >>/out/status; }}
loaded() {{ panthor-bo gems --no-header 2>/dev/null | grep -q "{LABEL}"; }}
step info panthor-bo info --json
step evict panthor-bo stress --total 1.25x --workers 2 --dontneed 20 --rounds 1 --seed 1 \\
	--expect-evictions 10 --expect-purges 1 --report /out/evict.json
step again panthor-bo stress --total 32M --bo-size 4K,64K,1M --compress 0 --seed 7 --rounds 2 --json
panthor-bo stress --total 32M --duration 600 --json >/out/term.out 2>/out/term.err & load=$!
until loaded; do :; done
step gems panthor-bo gems --json
step by panthor-bo gems --json --by process
kill -TERM $load; wait $load; echo "term $?" >>/out/status
panthor-bo stress --total 32M --workers 3 --duration 600 >/dev/null 2>&1 & load=$!
until loaded; do :; done
kill -KILL $load; wait $load; echo "kill $?" >>/out/status
while loaded; do :; done
step gpu panthor-bo stress --gpu --total 2x --bo-size 64K,1M,4M --shared 50 --dontneed 20 \\
	--workers 2 --rounds 2 --seed 5 --expect-class-evictions 1 --report /out/gpu.json
step gpu-one panthor-bo stress --gpu --vms 1 --total 32M --bo-size 4K,64K,2M --rounds 2 \\
	--workers 1 --seed 6 --json
umount /sys/kernel/debug
step blind panthor-bo stress --total 16M --rounds 1 --dontneed 50 --json
step blind-expect panthor-bo stress --total 16M --rounds 1 --expect-evictions 1 --json
step blind-gems panthor-bo gems --json
"""

NO_SWAP_SCRIPT = """
step() { name=$1; shift; "$@" >/out/$name.out 2>/out/$name.err; echo "$name $?" >>/out/status; }
step purge panthor-bo stress --total 2x --workers 2 --dontneed 20 --rounds 2 --seed 3 \\
	--best-effort --expect-purges 1 --report /out/purge.json
step full panthor-bo stress --total 2x --workers 2 --rounds 1 --seed 4 --json
step evict panthor-bo stress --total 16M --rounds 1 --expect-evictions 1 --json
"""


class Guest:
    """What a script in a virtual machine left behind."""

    def __init__(self, script, *options):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "script")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        done = subprocess.run(
            [*shlex.split(os.environ["VM"]), *options, "--mem", "256", "--file", f"{path}:/script",
             "--out", self.folder.name, "--", "sh", "/script"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        print("# " + done.stdout.decode(errors="replace").replace("\n", "\n# "))
        equal(done.returncode, 0, "exit status of the virtual machine")
        self.status = dict(line.split() for line in self.text("status").splitlines())

    def raw(self, name):
        with open(os.path.join(self.folder.name, name), "rb") as file:
            return file.read()

    def text(self, name):
        return self.raw(name).decode()

    def doc(self, command, name, status, file=None):
        """The document of a step, which must have ended with @status."""
        equal(self.status[name], str(status), f"exit status of {name}: {self.text(name + '.err')}")
        doc = document(command, self.raw(file or name + ".out"))
        equal(doc["exit_status"], status, f"exit_status in {name}")
        return doc


GUESTS = {}


def guest(name):
    if name not in GUESTS:
        GUESTS[name] = (Guest(SWAP_SCRIPT, "--swap", "512") if name == "swap" else
                        Guest(NO_SWAP_SCRIPT))
    return GUESTS[name]


@test
def info():
    """info knows vpanthor, its features, debugfs and zram"""
    doc = guest("swap").doc("info", "info", 0)
    equal(doc["driver"]["name"], "vpanthor")
    equal(doc["gpu"]["model"], "Mali-G610")
    equal(set(doc["features"].values()), {"yes"})
    equal(set(doc["debugfs"].values()), {"readable"})
    equal(doc["environment"]["swap_devices"][0]["name"], "/dev/zram0")
    equal(doc["environment"]["ram_installed_bytes"], 256 * MIB)


@test
def eviction():
    """BOs beyond the RAM are evicted and purged by the kernel's counters, and nothing is lost"""
    doc = guest("swap").doc("stress", "evict", 0, file="evict.json")
    load, kernel = doc["load"], doc["kernel"]
    equal(load["live_bytes"], 320 * MIB)
    equal(kernel["source"], "reclaim")
    equal(kernel["evictions"] >= 10 and kernel["purges"] >= 1, True, f"counters {kernel}")
    equal(kernel["evictions"], kernel["delta"]["evictions"])
    equal(kernel["evicted_bytes"], kernel["delta"]["evicted_pages"] * 4096)
    equal(doc["verification"]["errors"], 0)
    equal(doc["verification"]["verified_bytes"], 320 * MIB)
    equal(doc["parameters"]["seed"], "0x1")
    equal(doc["verdict"], {"result": "pass", "reasons": []})
    text = guest("swap").text("evict.out")
    equal("seed 0x1" in text and "pass" in text, True, text)


@test
def userspace_agrees():
    """what workers saw leave is not more than what the kernel says it took"""
    doc = guest("swap").doc("stress", "evict", 0, file="evict.json")
    refault, purgeable, kernel = doc["refault"], doc["purgeable"], doc["kernel"]
    equal(0 < refault["bos"] <= kernel["evictions"], True, f"{refault} {kernel['evictions']}")
    equal(refault["latency_ns"]["samples"], refault["bos"])
    equal(0 < purgeable["purged_bos"] <= kernel["purges"], True, f"{purgeable}")
    equal(purgeable["retained_bos"] + purgeable["purged_bos"] <= purgeable["advised_bos"], True)
    order = [refault["latency_ns"][name] for name in ("p50", "p90", "p99", "max")]
    equal(order, sorted(order), "percentiles")


@test
def gems_agrees():
    """gems lists every BO of the workers, its totals are the sums, and some are reclaimable"""
    doc = guest("swap").doc("stress", "evict", 0, file="evict.json")
    for gems in doc["gems_populated"], doc["gems_final"]:
        equal(gems["integrity"], "ok")
        equal(gems["own_bos"], doc["load"]["live_bos"])
        equal(gems["own_size_bytes"], doc["load"]["live_bytes"])
        equal(gems["sum_resident_bytes"], gems["total_resident_bytes"])
        equal(gems["total_reclaimable_bytes"] > 0, True, "reclaimable")
    live = guest("swap").doc("gems", "gems", 0)
    equal({bo["label"] for bo in live["bos"]}, {LABEL})
    equal(live["totals"]["integrity"], "ok")
    groups = guest("swap").doc("gems", "by", 0)["groups"]
    equal({group["comm"] for group in groups}, {"panthor-bo"})


@test
def mixed_sizes():
    """BOs of several sizes with contents that do not compress"""
    doc = guest("swap").doc("stress", "again", 0)
    equal(doc["parameters"]["bo_sizes_bytes"], [4096, 65536, MIB])
    equal(doc["load"]["live_bytes"] >= 32 * MIB, True)
    equal(doc["verification"]["errors"], 0)


@test
def gpu():
    """CPU and GPU verify each other's contents while BOs of all four classes are evicted"""
    doc = guest("swap").doc("stress", "gpu", 0, file="gpu.json")
    kernel, gpu_, verification = doc["kernel"], doc["gpu"], doc["verification"]
    equal(doc["load"]["live_bytes"] >= 512 * MIB, True, "live bytes")
    classes = kernel["evictions_by_class"]
    equal(min(classes.values()) > 0, True, f"evictions {classes}")
    equal(sum(classes.values()), kernel["evictions"])
    equal((gpu_["faults"], gpu_["timeouts"]), (0, 0))
    equal(gpu_["jobs"] > doc["load"]["live_bos"], True, "jobs")
    equal(gpu_["written_bytes"] > 0, True, "written by the GPU")
    equal(gpu_["verified_words"] > 512 * MIB // 4096 * 3, True, "verified by the GPU")
    equal((verification["errors"], verification["cpu_errors"], verification["gpu_errors"]),
          (0, 0, 0))
    equal(verification["verified_bytes"] >= 2 * doc["load"]["final_bytes"], True, "by the CPU")
    equal(doc["gems_populated"]["own_bos"] > doc["load"]["live_bos"], True, "BOs for streams")


@test
def gpu_one_vm():
    """a worker with one VM shares nothing, and at rest nothing that stays mapped was evicted"""
    doc = guest("swap").doc("stress", "gpu-one", 0)
    equal((doc["parameters"]["vms"], doc["parameters"]["shared_percent"]), (1, 0))
    equal(doc["kernel"]["evictions_by_class"]["shared"], 0)
    equal(doc["gpu"]["verified_words"], 2 * doc["load"]["live_bytes"] // 4096 * 3)
    equal(doc["verification"]["errors"], 0)
    equal(doc["refault"]["bos"] <= doc["kernel"]["evictions"], True, "refaults")


@test
def signals():
    """SIGTERM ends with a report, SIGKILL with no worker left"""
    doc = guest("swap").doc("stress", "term", 1)
    equal(doc["load"]["interrupted"], True)
    equal(doc["error"]["message"], "interrupted")
    equal(guest("swap").status["kill"], "137")


@test
def no_debugfs():
    """without debugfs the counters are null, expectations cannot be checked, gems is unsupported"""
    doc = guest("swap").doc("stress", "blind", 0)
    equal((doc["kernel"]["source"], doc["kernel"]["evictions"]), ("none", None))
    equal(doc["gems_populated"], None)
    doc = guest("swap").doc("stress", "blind-expect", 4)
    equal(doc["verdict"]["result"], "untrusted")
    guest("swap").doc("gems", "blind-gems", 77)


@test
def no_swap():
    """without swap BOs are purged, never evicted; the report says so, and no worker dies"""
    doc = guest("bare").doc("stress", "purge", 0, file="purge.json")
    equal(doc["swap"]["present"], False)
    equal(doc["kernel"]["evictions"], 0)
    equal(doc["kernel"]["purges"] > 0, True)
    equal(doc["verification"]["errors"], 0)
    equal(doc["load"]["workers_lost"], 0)
    equal(doc["load"]["live_bytes"] < doc["parameters"]["total_bytes"], True)
    equal("no swap: only purges possible" in guest("bare").text("purge.out"), True)


@test
def out_of_memory():
    """without swap a total that cannot be held is a clean failure, as is an expected eviction"""
    doc = guest("bare").doc("stress", "full", 1)
    load = doc["load"]
    # Which comes first, a refusal or the kernel's choice of the canary, is the kernel's to say.
    refused = load["create_failures"] + load["map_failures"] + load["touch_failures"]
    equal(refused + load["canaries_lost"] > 0, True)
    equal(load["workers_lost"], 0)
    equal(doc["verification"]["errors"], 0)
    equal("could be held" in doc["error"]["message"], True)
    doc = guest("bare").doc("stress", "evict", 1)
    equal("no swap: only purges possible" in doc["error"]["message"], True)


main()
