// Command floor is the least that a process which answers gRPC calls can be: what the host and its modules are measured against.
//
// It listens on the unix socket that it is given, answers Describe with a document of the given size, and ends with its standard input.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"google.golang.org/grpc"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
)

type server struct {
	modulev1.UnimplementedModuleServiceServer
	answer *modulev1.DescribeResponse
}

func (s *server) Describe(context.Context, *modulev1.DescribeRequest) (*modulev1.DescribeResponse, error) {
	return s.answer, nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: floor SOCKET BYTES")
	}
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	modulev1.RegisterModuleServiceServer(s, &server{answer: &modulev1.DescribeResponse{Json: make([]byte, size)}})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		s.Stop()
	}()
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	return s.Serve(listener)
}
