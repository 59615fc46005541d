package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// footprint is what a process holds of the memory, in MB of a million bytes: what of it lies in the memory now, and what is its alone.
// The pages of its program that it has only read count as resident and not as private: the system drops them when it wants to.
type footprint struct {
	resident, private float64
}

// measureMemory looks at host and module after a run, beside a bare gRPC process that has answered one call.
func measureMemory(ctx context.Context, in *installation) ([]Result, error) {
	h, err := in.place.ReadHost()
	if err != nil {
		return nil, err
	}
	host, err := footprintOf(h.PID)
	if err != nil {
		return nil, err
	}
	children, err := childrenOf(h.PID)
	if err != nil {
		return nil, err
	}
	if len(children) != 1 {
		return nil, fmt.Errorf("the host has %d processes of modules, not one", len(children))
	}
	module, err := footprintOf(children[0])
	if err != nil {
		return nil, err
	}
	bare, err := startBareServer(in, "memory", small)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	if err := bare.once(ctx); err != nil {
		return nil, err
	}
	idle, err := footprintOf(bare.pid())
	if err != nil {
		return nil, err
	}
	return []Result{
		newResult("host_memory", "MB", host.resident, idle.resident,
			fmt.Sprintf("resident; private %.1f / %.1f; against an idle gRPC process; target: at most 30", host.private, idle.private)),
		newResult("module_memory", "MB", module.private, idle.private,
			fmt.Sprintf("private, without its program's own pages; resident %.1f / %.1f; target: at most 30", module.resident, idle.resident)),
	}, nil
}

func footprintOf(pid int) (footprint, error) {
	sums, err := kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err == nil {
		return footprint{resident: sums["Rss"], private: sums["Private_Dirty"]}, nil
	}
	// A process that forbids core dumps shows no more than this to those who may not trace it.
	sums, err = kilobytes(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return footprint{}, fmt.Errorf("look at the memory of process %d: %w", pid, err)
	}
	return footprint{resident: sums["VmRSS"], private: sums["RssAnon"]}, nil
}

// kilobytes reads lines like "Rss: 1234 kB", as MB.
func kilobytes(path string) (map[string]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := map[string]float64{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		words := strings.Fields(rest)
		if len(words) != 2 || words[1] != "kB" {
			continue
		}
		if n, err := strconv.ParseFloat(words[0], 64); err == nil {
			sums[name] = n * 1024 / 1e6
		}
	}
	if lines.Err() == nil && len(sums) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return sums, lines.Err()
}

// childrenOf lists the processes that a process has started.
func childrenOf(pid int) ([]int, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	var list []int
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // that thread has ended
		}
		for _, word := range strings.Fields(string(raw)) {
			if n, err := strconv.Atoi(word); err == nil {
				list = append(list, n)
			}
		}
	}
	return list, nil
}
