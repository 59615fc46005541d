package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// till is the program in C: it measures itself, so that no pipe of ours is in its times.
type till struct {
	*child
	next int // number of its next payment
}

func startTill(in *installation, pos string) (*till, error) {
	c, err := startChild(in.program.payer, in.place.Home, pos)
	if err != nil {
		return nil, err
	}
	return &till{child: c, next: 1}, nil
}

// tell gives an order and reads the times that it took.
func (t *till) tell(format string, args ...any) (sample, error) {
	if _, err := fmt.Fprintf(t.in, format+"\n", args...); err != nil {
		return nil, fmt.Errorf("tell the till: %w", err)
	}
	text, err := t.line()
	if err != nil {
		return nil, err
	}
	words := strings.Fields(text)
	if len(words) == 0 || words[0] != "ok" {
		return nil, fmt.Errorf("the till: %s", text)
	}
	var list sample
	for _, word := range words[1:] {
		ns, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the till: %s", text)
		}
		list = append(list, time.Duration(ns))
	}
	return list, nil
}

// open is the time from pr_open to the module's first answer.
func (t *till) open() (time.Duration, error) {
	list, err := t.tell("open")
	if err != nil {
		return 0, err
	}
	if len(list) != 1 {
		return 0, errors.New("the till: no time")
	}
	return list[0], nil
}

// pay makes n payments. It gives the times of pr_pay_offline, and those of pr_confirm.
func (t *till) pay(n int) (paid, confirmed sample, err error) {
	list, err := t.tell("pay %d %d", n, t.next)
	if err != nil {
		return nil, nil, err
	}
	t.next += n
	if len(list) != 2*n {
		return nil, nil, fmt.Errorf("the till made %d payments of %d", len(list)/2, n)
	}
	for i := range n {
		paid, confirmed = append(paid, list[2*i]), append(confirmed, list[2*i+1])
	}
	return paid, confirmed, nil
}
