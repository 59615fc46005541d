package module

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// FuzzUnpack: no document of a module or a host ends the other, and the typed fields decide what became of the money.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"ref":"other","outcome":"approved","running":false,"amount":100,"items":[{"a":1}]}`), int32(0), int32(100), "r1", `{"code":"1"}`)
	f.Add([]byte(`{"kind":5,"items":[{"id":"1"}],"operation":{"outcome":"declined"},"png_base64":"AAEC"}`), int32(77), int32(5), "r1", "")
	f.Add([]byte(`null`), int32(1), int32(3), "", "[")
	f.Fuzz(func(t *testing.T, document []byte, outcome, kind int32, ref, params string) {
		for _, told := range []bool{false, true} {
			op, err := Unpack(&modulev1.Operation{Ref: ref, Outcome: outcome, Told: told, Final: told, Json: document})
			if err != nil {
				continue
			}
			if op.Ref != pay.Ref(ref) || op.Running == told || op.Outcome != pay.Unknown && op.Outcome != pay.Outcome(outcome) {
				t.Fatalf("%+v", op)
			}
			if _, err := Pack(op); err != nil {
				t.Fatal(err)
			}
		}
		if e, err := UnpackEvent(&modulev1.WatchResponse{Number: 7, Kind: kind, Json: document}); err == nil {
			if e.Number != 7 || e.Kind != pay.EventKind(kind) {
				t.Fatalf("%+v", e)
			}
			if _, err := PackEvent(e); err != nil {
				t.Fatal(err)
			}
		}
		if r, err := UnpackRequest(&modulev1.BeginRequest{RequestJson: document, Params: params}); err == nil {
			if _, err := PackRequest(r); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzStderr: whatever a module writes to its standard streams, in whatever pieces, becomes lines of bounded length, without the value of a panic.
func FuzzStderr(f *testing.F) {
	f.Add([]byte(`{"@message":5}`+"\n"), byte(3))
	f.Add([]byte(`{"@level":"error","@message":"gone","error":{"a":[1]}}`+"\n\r\n{\n"), byte(0))
	f.Add([]byte("panic: 4276550012345678\n\ngoroutine 1 [running]:\nmain.main(0xc000012345)\n"), byte(1))
	f.Fuzz(func(t *testing.T, written []byte, piece byte) {
		var out bytes.Buffer
		r := &relay{log: hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Trace, DisableTime: true})}
		for rest := written; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			if wrote, err := r.Write(rest[:n]); err != nil || wrote != n {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		first, rest, _ := bytes.Cut(written, []byte("\n"))
		const card = "4276550012345678"
		if bytes.HasPrefix(first, []byte("panic: "+card)) && !bytes.Contains(rest, []byte(card)) && strings.Contains(out.String(), card) {
			t.Fatal(out.String())
		}
	})
}

// FuzzBootstrap: whatever a module finds on its standard input instead of the host's first line, it says so and quotes nothing of it.
func FuzzBootstrap(f *testing.F) {
	f.Add([]byte(`{"cert":"AAAA","key":"AAAA","ca":"AAAA"}` + "\n"))
	f.Add([]byte("{\n"))
	f.Add(bytes.Repeat([]byte("x"), 70000))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, err := readBootstrap(bufio.NewReader(bytes.NewReader(line)))
		if err != nil && len(line) > 8 && len(bytes.TrimSpace(line)) > 8 && strings.Contains(err.Error(), string(bytes.TrimSpace(line))) {
			t.Fatal(err)
		}
	})
}
