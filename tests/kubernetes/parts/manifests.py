"""Reads manifests from standard input, validates each strictly, and prints them all as JSON.

usage: manifests.py VERSION[,VERSION...] CRD_FILE...
Kinds of Kubernetes' own are held against its schemas of every version, others against their CustomResourceDefinition.
"""

import json
import sys

import jsonschema
import kubernetes_validate
import yaml


def main(versions, files):
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    custom = dict(definition for file in files for definition in definitions(file))
    for document in documents:
        kind = (document["apiVersion"], document["kind"])
        try:
            if kind in custom:
                custom[kind].validate(document)
                continue
            for version in versions:
                kubernetes_validate.validate(document, version, strict=True)
        except Exception as error:
            sys.exit(f"{document['kind']} {document['metadata']['name']}: {str(error).splitlines()[0]}")
    json.dump(documents, sys.stdout)


def definitions(file):
    with open(file) as text:
        definition = yaml.safe_load(text)["spec"]
    for version in definition["versions"]:
        kind = (f"{definition['group']}/{version['name']}", definition["names"]["kind"])
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        yield kind, jsonschema.Draft202012Validator(schema)


def strict(schema):
    """The API server drops unknown fields without a word; here they are mistakes."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    return schema


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2:])
