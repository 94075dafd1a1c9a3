process VARBIND_ANNOTATE {
    tag "${meta.id}"
    label 'process_low'

    // The names hold from the first release on Bioconda; docs/pipelines.md says what to use until then.
    conda "${moduleDir}/environment.yml"
    container "${workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container
        ? 'https://depot.galaxyproject.org/singularity/varbind:0.1.0--pyhdfd78af_0'
        : 'quay.io/biocontainers/varbind:0.1.0--pyhdfd78af_0'}"

    input:
    tuple val(meta), path(vcf)
    tuple val(meta2), path(fasta)
    tuple val(meta3), path(fai)
    tuple val(meta4), path(genes)
    tuple val(meta5), path(table), path(table_index)

    output:
    tuple val(meta), path("*.vcf.gz"), emit: vcf
    tuple val(meta), path("*.vcf.gz.tbi"), emit: tbi
    tuple val(meta), path("*_mqc.json"), emit: json
    tuple val("${task.process}"), val('varbind'), eval('varbind --version | sed "s/^varbind //"'), topic: versions, emit: versions_varbind

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    def genes_option = genes ? "--genes ${genes}" : ''
    def cache_option = table ? "--cache ${table}" : ''
    if ("${vcf}" == "${prefix}.vcf.gz") {
        error("Input and output have the same name. Set ext.prefix of the process.")
    }
    """
    varbind annotate \\
        ${args} \\
        ${genes_option} \\
        ${cache_option} \\
        --fasta ${fasta} \\
        --threads ${task.cpus} \\
        --write-index=tbi \\
        --stats ${prefix}_mqc.json \\
        --output ${prefix}.vcf.gz \\
        ${vcf}
    """

    stub:
    def args = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo ${args}
    echo "" | gzip > ${prefix}.vcf.gz
    touch ${prefix}.vcf.gz.tbi
    touch ${prefix}_mqc.json
    """
}
