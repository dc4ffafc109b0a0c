#!/usr/bin/env bash
# A real Slurm of two nodes on this machine runs recipes/cluster/label.sbatch: an array of four tasks labels, and a job that depends on them
# merges. In the middle one task is requeued, and one cancelled and submitted again. The merged cache has the bytes of one that was labelled
# without shards.
#
#   apt-get install slurm-wlm munge
#   Tests/Slurm/check_slurm.sh .build/release/distill        (as root; nothing is left behind)
set -euo pipefail
cd "$(dirname "$0")/../.."
export DISTILL=$(realpath "$1")
root=$PWD
work=$(mktemp -d)
chmod 755 "$work"

stop() {
    # What a failure looks like from inside.
    if [ "${ended:-}" != yes ]; then tail -n 20 "$work"/*.log >&2 || true; fi
    for file in "$work"/*.pid; do [ ! -f "$file" ] || kill "$(cat "$file")" 2>/dev/null || true; done
    sleep 1
    rm -rf "$work"
}
trap stop EXIT

# The cluster: one that is thrown away.

export SLURM_CONF=$work/slurm.conf
host=$(hostname -s)
mkdir -m 700 "$work/munge"
mungekey -c -k "$work/munge/key"
munged --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed"
cat >"$SLURM_CONF" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
SlurmctldPort=17000
KillWait=5
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=1
PartitionName=check Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
CONF
mkdir "$work/state" "$work/spool-n1" "$work/spool-n2"
slurmctld
slurmd -N n1
slurmd -N n2
for _ in $(seq 60); do
    [ "$(sinfo --noheader --format=%T | sort -u)" != idle ] || break
    sleep 1
done
sinfo

# The jobs.

wait_for() { # JOB…: until none is in the queue
    for _ in $(seq 600); do
        [ -n "$(squeue --noheader --jobs="$(IFS=,; echo "$*")" 2>/dev/null)" ] || return 0
        sleep 1
    done
    echo "jobs are still in the queue:" && squeue && return 1
}

cp -r data/teacher "$work/teacher"
head -n 4000 data/world/stories.jsonl >"$work/corpus.jsonl"
cd "$work"
"$DISTILL" label teacher --corpus corpus.jsonl --output whole --threads 1 --quiet

array=$(sbatch --parsable --array=1-4 "$root/recipes/cluster/label.sbatch" teacher corpus.jsonl signals --threads 1)
merge=$(sbatch --parsable --dependency="afterok:$array" --output=merge.log --wrap '"$DISTILL" merge signals-? --output signals')
# Once the first two have written something, one is requeued and one is cancelled.
for _ in $(seq 100); do [ ! -s signals-1/pending.records ] || [ ! -s signals-2/pending.records ] || break; sleep 0.1; done
scontrol requeue "${array}_1"
scancel "${array}_2"
wait_for "$array"
# What was cancelled is submitted again; the merge that waited for it in vain with it.
scancel "$merge"
again=$(SHARDS=4 sbatch --parsable --array=2 "$root/recipes/cluster/label.sbatch" teacher corpus.jsonl signals --threads 1)
merge=$(sbatch --parsable --dependency="afterok:$again" --output=merge.log --wrap '"$DISTILL" merge signals-? --output signals')
wait_for "$again" "$merge"
cat label-*.log merge.log
diff -r whole signals
ended=yes
echo "an array of 4 tasks, one requeued and one cancelled and submitted again, merged: the same bytes"
