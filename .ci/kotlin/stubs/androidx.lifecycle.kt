// Signatures of androidx.lifecycle 2.11, as far as the sample uses them, written from its reference.
@file:Suppress("unused", "UNUSED_PARAMETER", "UnusedReceiverParameter", "RedundantSuspendModifier")

package androidx.lifecycle

import android.app.Application
import kotlinx.coroutines.CoroutineScope

abstract class Lifecycle {
    enum class State { DESTROYED, INITIALIZED, CREATED, STARTED, RESUMED }
}

interface LifecycleOwner {
    val lifecycle: Lifecycle
}

abstract class LifecycleCoroutineScope internal constructor() : CoroutineScope

val LifecycleOwner.lifecycleScope: LifecycleCoroutineScope get() = TODO()

suspend fun LifecycleOwner.repeatOnLifecycle(
    state: Lifecycle.State,
    block: suspend CoroutineScope.() -> Unit,
): Unit = TODO()

abstract class ViewModel {
    protected open fun onCleared() {}
}

val ViewModel.viewModelScope: CoroutineScope get() = TODO()

open class AndroidViewModel(
    application: Application,
) : ViewModel() {
    fun <T : Application> getApplication(): T = TODO()
}

open class ViewModelProvider private constructor() {
    interface Factory
}
