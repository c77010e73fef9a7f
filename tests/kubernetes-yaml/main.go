// Reads a JSON list of YAML documents from its input, and writes for each what Kubernetes makes of it.
package main

import (
	"encoding/json"
	"log"
	"os"

	"sigs.k8s.io/yaml"
)

// What becomes of a document.
type outcome struct {
	// The document as JSON.
	JSON json.RawMessage `json:"json,omitempty"`
	// Why it cannot be read.
	Error string `json:"error,omitempty"`
	// Whether a strict reader refuses it, over keys that are there twice.
	Strict string `json:"strict,omitempty"`
}

func main() {
	var documents []string
	if err := json.NewDecoder(os.Stdin).Decode(&documents); err != nil {
		log.Fatal(err)
	}
	outcomes := make([]outcome, 0, len(documents))
	for _, document := range documents {
		read, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			outcomes = append(outcomes, outcome{Error: err.Error()})
			continue
		}
		made := outcome{JSON: read}
		if _, err := yaml.YAMLToJSONStrict([]byte(document)); err != nil {
			made.Strict = err.Error()
		}
		outcomes = append(outcomes, made)
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		log.Fatal(err)
	}
}
