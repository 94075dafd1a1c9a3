#!/usr/bin/env bash
# A small Slurm of two nodes on this machine, without accounting, for the tests. It needs root, slurm-wlm and munge.
#
#     cluster.sh start FOLDER     FOLDER gets the configuration, the state and the logs
#     cluster.sh stop FOLDER
#
# The configuration is linked to where Slurm looks for it, because Snakemake's jobs do not keep SLURM_CONF. A machine
# that has a configuration there is refused.
set -euo pipefail
action=$1
folder=$(realpath "$2")
conf="${folder}/slurm.conf"
linked=/etc/slurm/slurm.conf

start() {
    [ ! -e "${linked}" ] || { echo "this machine has a Slurm of its own: ${linked}" >&2 && return 3; }
    mkdir -p "${folder}/state" "${folder}/spool-one" "${folder}/spool-two" "${folder}/munge"
    # A key and a socket of its own, so that a munge of this machine is left alone.
    (umask 077 && head -c 1024 /dev/urandom >"${folder}/munge.key")
    munged --force --key-file="${folder}/munge.key" --socket="${folder}/munge/socket" \
        --pid-file="${folder}/munge.pid" --log-file="${folder}/munge.log" --seed-file="${folder}/munge.seed"
    cat >"${conf}" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=17817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
ReturnToService=2
MinJobAge=600
MessageTimeout=60
SlurmdTimeout=600
NodeName=one NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17818 CPUs=1 RealMemory=4000
NodeName=two NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=17819 CPUs=1 RealMemory=4000
PartitionName=main Nodes=one,two Default=YES MaxTime=INFINITE State=UP
END
    mkdir -p "$(dirname "${linked}")"
    ln -sfn "${conf}" "${linked}"
    slurmctld
    slurmd -N one
    slurmd -N two
    for _ in $(seq 120); do
        [ "$(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)" = 2 ] && return
        sleep 1
    done
    echo "the nodes did not come up: $(tail -n 3 "${folder}"/slurm*.log)" >&2
    return 1
}

stop() {
    for name in slurmd-one slurmd-two slurmctld munge; do
        [ -s "${folder}/${name}.pid" ] && kill "$(cat "${folder}/${name}.pid")" 2>/dev/null || true
    done
    [ "$(readlink "${linked}")" != "${conf}" ] || rm "${linked}"
}

case ${action} in
start) start ;;
stop) stop ;;
*) echo "cluster.sh start|stop FOLDER" >&2 && exit 2 ;;
esac
