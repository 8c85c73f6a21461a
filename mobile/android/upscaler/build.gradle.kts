plugins {
    alias(libs.plugins.android.library)
}

android {
    namespace = "io.keraspisr.upscaler"
    compileSdk = 36

    // Kotlin's target follows.
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    defaultConfig {
        // LiteRT's own minimum.
        minSdk = 23
        consumerProguardFiles("consumer-rules.pro")
    }
}

dependencies {
    implementation(libs.litert)
    // Without this library LiteRT has no GPU.
    implementation(libs.litert.gpu)
    implementation(libs.coroutines)
}
