package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// published is Raiffeisenbank's own description of its interface. It lies beside the project, and is no part of it.
func published(t *testing.T) *openapi3.T {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "contracts", "raiffeisen", "sbp.yaml")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the bank's description is not at %s", path)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// conforms holds an answer against what the bank promises for a method of its description.
func (a answered) conforms(doc *openapi3.T, method, path string) {
	a.t.Helper()
	operation := doc.Paths.Find(path).GetOperation(method)
	content := operation.Responses.Status(a.status).Value.Content
	if content == nil {
		if len(a.raw) != 0 {
			a.t.Errorf("%s %s: a body where the bank has none: %s", method, path, a.raw)
		}
		return
	}
	var v any
	if err := json.Unmarshal(a.raw, &v); err != nil {
		a.t.Fatal(err)
	}
	if err := content.Get("application/json").Schema.Value.VisitJSON(v, openapi3.MultiErrors()); err != nil {
		a.t.Errorf("%s %s answers %s: %v", method, path, a.raw, err)
	}
}

func TestEveryAnswerIsAsTheBanksOwnDescriptionSays(t *testing.T) {
	doc := published(t)
	s := start(t, Options{})
	c := newTill(t, s)
	c.send(Raiffeisen, "POST", "/settings/v1/callback", `{"callbackUrl":"https://shop.example"}`).conforms(doc, "POST", "/settings/v1/callback")
	full := dynamicBody("full-1", "1110.11")
	full["additionalInfo"], full["paymentDetails"] = "Доп информация", "Назначение платежа"
	registered := c.send(Raiffeisen, "POST", "/sbp/v1/qr/register", full)
	registered.conforms(doc, "POST", "/sbp/v1/qr/register")
	c.send(Raiffeisen, "POST", "/sbp/v1/qr/register", `{"qrType":"QRVariable","sbpMerchantId":"MA341037"}`).conforms(doc, "POST", "/sbp/v1/qr/register")
	id := registered.text("qrId")
	look := func(id string) {
		t.Helper()
		c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+id, nil).conforms(doc, "GET", "/sbp/v2/qrs/{qrId}")
		c.send(Raiffeisen, "GET", "/sbp/v1/qr/"+id+"/info", nil).conforms(doc, "GET", "/sbp/v1/qr/{qrId}/info")
		c.raiffeisenPayment(id).conforms(doc, "GET", "/sbp/v1/qr/{qrId}/payment-info")
	}
	look(id)
	if _, err := s.Control().Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	look(id)
	c.pay(id)
	look(id)
	for _, amount := range []string{"1110", "0.11"} {
		a := c.send(Raiffeisen, "POST", "/sbp/v1/refund", map[string]any{"refundId": "r" + amount, "order": "full-1", "amount": json.Number(amount)})
		a.conforms(doc, "POST", "/sbp/v1/refund")
		for range 2 {
			c.send(Raiffeisen, "GET", "/sbp/v1/refund/r"+amount, nil).conforms(doc, "GET", "/sbp/v1/refund/{refundId}")
		}
		c.configure(map[string]any{"refund_end": "decline"})
	}
	for i, end := range []func(id string){
		func(id string) {
			c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+id, nil).conforms(doc, "DELETE", "/sbp/v2/qrs/{qrId}")
		},
		func(id string) { _, _ = s.Control().Expire(t.Context(), id) },
		func(id string) { _, _ = s.Control().Decline(t.Context(), id) },
	} {
		id := c.dynamic("end-"+string(rune('a'+i)), "1")
		end(id)
		look(id)
	}
	static := c.send(Raiffeisen, "POST", "/sbp/v1/qr/register", `{"qrType":"QRStatic","sbpMerchantId":"MA341037","order":"static-1"}`)
	look(static.text("qrId"))
	sane(t, s)
}
