# bash completion for panthor-bo -*- shell-script -*-
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

_panthor_bo() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local words=

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words='info gems stress --help --version'
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		return
	fi
	case $previous in
	--device | --file | --report)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--by) words='process label none' ;;
	--sort) words='size resident evictions count process label none' ;;
	--total | --bo-size | --workers | --rounds | --duration | --dontneed | --compress) return ;;
	--vms | --shared | --seed) return ;;
	--expect-evictions | --expect-class-evictions | --expect-purges) return ;;
	*)
		case ${COMP_WORDS[1]} in
		info) words='--device --json --help' ;;
		gems) words='--device --file --by --sort --totals --no-header --json --help' ;;
		stress)
			words='--device --total --bo-size --workers --rounds --duration --dontneed'
			words+=' --gpu --vms --shared --compress --seed --expect-evictions'
			words+=' --expect-class-evictions --expect-purges --best-effort --report'
			words+=' --json --help'
			;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _panthor_bo panthor-bo
