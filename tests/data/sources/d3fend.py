"""A small ontology and mapping in D3FEND's forms."""

ONTOLOGY = '''\
@prefix : <http://d3fend.mitre.org/ontologies/d3fend.owl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<http://d3fend.mitre.org/ontologies/d3fend.owl> a owl:Ontology ;
    owl:versionInfo "1.2.0" .

:may-be-associated-with a owl:ObjectProperty .
:associated-with rdfs:subPropertyOf :may-be-associated-with .
:analyzes rdfs:subPropertyOf :associated-with .
:produces rdfs:subPropertyOf :associated-with .
:sees a owl:ObjectProperty . # related to nothing

:File rdfs:subClassOf :DigitalArtifact ; rdfs:label "File" .
:Script rdfs:subClassOf :File ; rdfs:label "Script" .
:ShellScript rdfs:subClassOf :Script ; rdfs:label "Shell Script" .
:Email rdfs:subClassOf :DigitalArtifact ; rdfs:label "Email"@en .

:Analysis a owl:Class ; rdfs:label "Analysis" ; rdfs:subClassOf :DefensiveTechnique ; :d3fend-id "D3-AN" ;
    :enables :Detect .
:FileAnalysis rdfs:label "File \\"Analysis\\"" ;
    rdfs:subClassOf :Analysis,
        [ a owl:Restriction ; owl:onProperty :analyzes ; owl:someValuesFrom :File ] ;
    :d3fend-id "D3-FA" ; :definition """Looks at files.
In two lines.""" ; :synonym "File inspection", "A look" .
:ScriptAnalysis rdfs:label "Script Analysis" ;
    rdfs:subClassOf :FileAnalysis,
        [ a owl:Restriction ; owl:onProperty :analyzes ; owl:someValuesFrom :Script ] ,
        [ a owl:Restriction ; owl:onProperty :enables ; owl:someValuesFrom :Isolate ] ;
    :d3fend-id "D3-SA" .
:MailFilter rdfs:label "Mail Filter" ;
    rdfs:subClassOf :DefensiveTechnique,
        [ a owl:Restriction ; owl:onProperty :sees ; owl:someValuesFrom :Email ] ;
    :d3fend-id "D3-MF" .
:Method rdfs:subClassOf :AnalyticTechnique ; :d3fend-id "D3A-M" ; rdfs:label "No countermeasure" .

:T1059 rdfs:subClassOf :OffensiveTechnique ; :attack-id "T1059" ; rdfs:label "Shell" .
:T1059.001 rdfs:subClassOf :T1059,
        [ a owl:Restriction ; owl:onProperty :produces ; owl:someValuesFrom :ShellScript ] ; :attack-id "T1059.001" .
:T1566 rdfs:subClassOf :OffensiveTechnique,
        [ a owl:Restriction ; owl:onProperty :produces ; owl:someValuesFrom :Email ] ,
        [ a owl:Restriction ; owl:onProperty :produces ; owl:someValuesFrom :File ] ; :attack-id "T1566" .
:T1064 rdfs:subClassOf :OffensiveTechnique,
        [ a owl:Restriction ; owl:onProperty :produces ; owl:someValuesFrom :Script ] ; :attack-id "T1064" ;
    owl:deprecated true .
'''
OWL = "http://d3fend.mitre.org/ontologies/d3fend.owl#"


def row(
    name: str = "FileAnalysis", technique: str = "T1566", artifact: str = "Email", **more: str
) -> dict[str, object]:
    """One binding of the mapping."""
    said = {
        "def_tactic_label": "Detect",
        "def_tech": OWL + name,
        "def_tech_label": name,
        "off_artifact_label": artifact,
        "off_tech": OWL + technique,
        "off_tech_id": technique,
        **more,
    }
    return {key: {"type": "literal", "value": value} for key, value in said.items() if value}
