package bank

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contracts is where the banks' descriptions lie beside a checkout of the project, where they do.
func contracts(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "..", "..", "shared", "contracts"}, parts...)...)
}

func notification(amount string) []byte {
	return fmt.Appendf(nil, `{"transactionId":1,"qrId":"Q","sbpMerchantId":"MA0000000552","merchantId":123,"amount":%s,"currency":"RUB",`+
		`"transactionDate":"2020-07-24T17:20:00.999232+03:00","paymentStatus":"SUCCESS","order":"order-0001"}`, amount)
}

func TestANotificationIsTheBanksOnlyIfItsSumIsSignedDigitForDigit(t *testing.T) {
	const key = "synthetic-test-key-0001"
	signatures := map[string]string{
		"101.01": "fc5f3c7442a790b76e314ed0752ebc838025ef2894baaf64319d863add35083b",
		"10":     "d22d7c4cd611d0ee42fab66ce99a5bafc199f5dbdd40822e94ffba96a4b0df1e",
		"10.0":   "fb09af4300c2a8ff89c9a6e977c37d42be660de8d52c9c13aae12483ddd3a9cb",
	}
	for amount, signature := range signatures {
		for _, text := range []string{signature, strings.ToUpper(signature), " " + signature + "\n"} {
			if err := RaiffeisenSigned(notification(amount), text, []byte(key)); err != nil {
				t.Errorf("%s: %v", amount, err)
			}
		}
		for other := range signatures {
			if other != amount && RaiffeisenSigned(notification(other), signature, []byte(key)) == nil {
				t.Errorf("%s passes under the signature of %s", other, amount)
			}
		}
		for _, wrong := range []string{"", "00", signature[:62], signature[:63] + "0", "zz"} {
			if wrong != signature && RaiffeisenSigned(notification(amount), wrong, []byte(key)) == nil {
				t.Errorf("%s passes under %q", amount, wrong)
			}
		}
		if RaiffeisenSigned(notification(amount), signature, nil) == nil {
			t.Error("without a key everything passes")
		}
	}
}

// The bank's own known answers lie beside the checkout; those above stand for them elsewhere.
func TestNotificationsAreCheckedAsTheBanksVectorsAre(t *testing.T) {
	raw, err := os.ReadFile(contracts("vectors", "raiffeisen_webhook_hmac_vectors.json"))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Key     string `json:"secret_key"`
		Vectors []struct {
			Amount    string `json:"amount_literal_in_json"`
			Signature string `json:"X_Api_Signature_SHA256"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatal("the vectors cannot be read", err)
	}
	for _, v := range file.Vectors {
		if err := RaiffeisenSigned(notification(v.Amount), v.Signature, []byte(file.Key)); err != nil {
			t.Errorf("%s: %v", v.Amount, err)
		}
	}
}
